// The agent that the adapter is for: it reads its prompt from standard input and repeats it, one JSON record per line.
import { text } from 'node:stream/consumers';

if (process.argv.includes('--version')) {
  console.log('parrot 1.0.0');
} else {
  const write = (record: object): void => void process.stdout.write(`${JSON.stringify(record)}\n`);
  const prompt = await text(process.stdin);
  for (const [word] of prompt.matchAll(/\S+\s*/g)) write({ type: 'say', text: word });
  write({ type: 'end' });
}
