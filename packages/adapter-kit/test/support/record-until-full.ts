// Records under a file size limit: a frame that fits, one that does not, one that fits again.
import { openWireRecorder } from '../../src/source/index.ts';

process.on('SIGXFSZ', () => {});
const recorder = await openWireRecorder(process.argv[2] ?? '');
const outcomes: string[] = [];
for (const size of [3000, 3000, 100]) {
  await recorder.append('x'.repeat(size)).then(
    () => outcomes.push('ok'),
    (error: { code: string }) => outcomes.push(error.code),
  );
}
await recorder.close();
process.stdout.write(JSON.stringify(outcomes));
