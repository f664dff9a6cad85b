import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeHandle, makeInstruction, makeLaunch } from '@runtime/conformance/adapter';
import type { Exit, Launch, RuntimeSession, SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import { onTestFinished } from 'vitest';
import { local, type LocalOptions } from '../../src/index.ts';

/** A directory that is removed after the test. */
export async function scratch(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'adapter-local-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A launch of a local command with this prompt. */
export async function launchOf(prompt: string, fields: Partial<Launch> = {}): Promise<Launch> {
  const dir = await scratch();
  const handle = await makeHandle(dir, { runtime: 'local' });
  return makeLaunch(dir, handle, { instruction: makeInstruction(prompt), ...fields });
}

/** What a run told and how it ended. */
export interface Ran {
  readonly session: RuntimeSession;
  readonly batches: readonly SourceBatch[];
  readonly events: readonly SessionEvent[];
  readonly exit: Exit;
  readonly stdout: string;
  readonly stderr: string;
  readonly launch: Launch;
}

/** Runs the command to its end. */
export async function run(options: LocalOptions, prompt: string, fields: Partial<Launch> = {}): Promise<Ran> {
  const adapter = local(options);
  const launch = await launchOf(prompt, fields);
  onTestFinished(() => adapter.reap(launch.handle));
  const session = await adapter.start(launch);
  const batches = await readAll(session);
  const events = batches.flatMap((batch) => batch.events);
  const exit = await session.stop();
  return { session, batches, events, exit, stdout: textOf(events, 'stdout'), stderr: textOf(events, 'stderr'), launch };
}

/** Every batch to the end. */
export async function readAll(session: RuntimeSession, after?: string): Promise<SourceBatch[]> {
  const batches: SourceBatch[] = [];
  for await (const batch of session.events(after === undefined ? {} : { after })) batches.push(batch);
  return batches;
}

/** The joined output of one source. */
export function textOf(events: readonly SessionEvent[], source: 'stdout' | 'stderr'): string {
  return events.map((event) => (event.type === 'output.delta' && event.source === source ? event.text : '')).join('');
}
