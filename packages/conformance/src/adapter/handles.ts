import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instruction } from '@runtime/contracts';
import { runMarker, specVersion, type Launch, type RuntimeHandle } from '@runtime/contracts/adapter';

/** Makes the handle of a run that was not started, and its run directory (0700) under `dir`. */
export async function makeHandle(dir: string, fields: Partial<RuntimeHandle> = {}): Promise<RuntimeHandle> {
  const runId = fields.runId ?? `run-${randomUUID()}`;
  const runDir = fields.runDir ?? join(dir, 'runs', runId);
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  return {
    specVersion,
    runtime: 'memory',
    taskId: `task-${randomUUID()}`,
    generation: 1,
    survivesHost: true,
    ...fields,
    runId,
    runDir,
  };
}

/** Makes an instruction of mode `prompt` with one text part and a new id; every field may be replaced. */
export function makeInstruction(text: string, fields: Partial<Instruction> = {}): Instruction {
  return { id: `instruction-${randomUUID()}`, mode: 'prompt', parts: [{ type: 'text', text }], ...fields };
}

/** What a run needs of this process's environment, and the marker of the run. */
function baseEnvironment(handle: RuntimeHandle): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), [runMarker]: handle.runId };
}

/** Makes a launch and its workspace under `dir`; every field may be replaced. `env` is added to `baseEnvironment`. */
export async function makeLaunch(dir: string, handle: RuntimeHandle, fields: Partial<Launch> = {}): Promise<Launch> {
  const workspace = fields.workspace ?? join(dir, 'workspace');
  await mkdir(workspace, { recursive: true });
  return {
    handle,
    target: { runtime: handle.runtime },
    instruction: makeInstruction('Do what the scenario says.'),
    secrets: [],
    ...fields,
    workspace,
    env: { ...baseEnvironment(handle), ...fields.env },
  };
}
