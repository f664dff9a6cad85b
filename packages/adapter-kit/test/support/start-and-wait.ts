// A host that starts a run and is killed the moment it says so.
import { startHolder } from '../../src/run/index.ts';

const handle = JSON.parse(process.argv[2] ?? '');
await startHolder({
  handle,
  command: [
    '/bin/sh',
    '-c',
    process.env['AGENT'] ?? 'echo begun; until [ -e go ]; do sleep 0.1; done; echo done; exit 9',
  ],
  cwd: handle.runDir,
  env: { PATH: process.env['PATH'] ?? '' },
  stdin: { kind: 'none' },
  ...(process.env['LIMIT'] === undefined ? {} : { maxOutputBytes: Number(process.env['LIMIT']) }),
});
process.stdout.write('started\n');
setInterval(() => {}, 1000);
