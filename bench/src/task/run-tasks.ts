import { openPlane } from './open-plane.ts';

// Opens a plane, runs so many tasks one after the other, and closes it: for a tracer. `run-tasks.ts <dir> <tasks>`
const [, , dir = '', tasks = '0'] = process.argv;
const { plane, runTask } = await openPlane(dir);
for (let task = 0; task < Number(tasks); task += 1) await runTask();
await plane.close();
