// A Pi before 0.99 of which an extension handles every prompt: it answers, begins no turn and does not say `handled`.
import { LineSplitter } from '@runtime/adapter-kit/source';

// With `--slow-version` it never prints its version.
if (process.argv.includes('--version')) {
  if (process.argv.includes('--slow-version')) await new Promise(() => setInterval(() => {}, 60_000));
  process.stdout.write('0.87.1\n');
  process.exit(0);
}
const state = { sessionId: 's-1', isStreaming: false, isCompacting: false, pendingMessageCount: 0 };
const lines = new LineSplitter();
process.stdin.on('end', () => process.exit(0));
process.stdin.on('data', (chunk: Buffer) => {
  for (const line of lines.push(chunk)) {
    if (line.kind !== 'line') continue;
    const { id, type } = JSON.parse(line.bytes.toString()) as { id: string; type: string };
    const data = type === 'get_state' ? { data: state } : {};
    process.stdout.write(`${JSON.stringify({ id, type: 'response', command: type, success: true, ...data })}\n`);
  }
});
