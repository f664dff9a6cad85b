import assert from 'node:assert/strict';
import { findMarked } from '@runtime/adapter-kit/process';
import { openReadOnlyPlane } from '@runtime/control-plane';
import type { Stage } from './stage.ts';

/** Checks that no process with the marker of a run is left, in any session. Returns the number of runs. */
export async function assertNothingLeft({ dataDir }: Stage): Promise<number> {
  const plane = await openReadOnlyPlane({ dataDir });
  try {
    const runs = (await plane.tasks()).flatMap((task) => task.runs);
    for (const { runId } of runs) assert.deepEqual(await findMarked(runId), [], `no process of ${runId} is left`);
    return runs.length;
  } finally {
    await plane.close();
  }
}
