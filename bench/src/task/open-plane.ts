import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { local } from '@runtime/adapter-local';
import type { ControlPlane } from '@runtime/contracts';
import { fifo, openControlPlane } from '@runtime/control-plane';
import { command } from './measure.ts';

/** A plane with its data below `dir`, and how to run one task on it. */
export interface TaskPlane {
  readonly plane: ControlPlane;
  readonly dataDir: string;
  /** Submits a task, and waits for its end. */
  readonly runTask: () => Promise<void>;
}

export async function openPlane(dir: string): Promise<TaskPlane> {
  const dataDir = join(dir, 'data');
  const workspace = join(dir, 'workspace');
  await mkdir(workspace, { recursive: true });
  const plane = await openControlPlane({
    dataDir,
    adapters: [local({ command: [command] })],
    scheduler: fifo({ concurrency: 16 }),
  });
  const runTask = async (): Promise<void> => {
    const task = await plane.submit({ prompt: 'go', workspace, shareWorkspace: true });
    const outcome = await task.outcome();
    if (outcome.status !== 'succeeded') throw new Error(`the task: ${JSON.stringify(outcome)}`);
  };
  return { plane, dataDir, runTask };
}
