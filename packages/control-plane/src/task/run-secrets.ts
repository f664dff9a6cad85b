import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTail, replaceFile } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import type { RunState } from '@runtime/contracts/fold';
import { z } from 'zod';
import type { PlaneContext } from './context.ts';

const secretsSchema = z.object({ version: z.literal(1), secrets: z.array(z.string()) });

/** More than an environment may hold, when each character needs six. */
const maxFileBytes = 16 * 1024 * 1024;
/** What the system is short of at the moment. The file itself is as it was. */
const ofTheMoment: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR']);

const fileOf = ({ runsDir }: PlaneContext, runId: string): string => join(runsDir, runId, 'secrets.json');

/**
 * Keeps the values that must not show up in a run's events, in `secrets.json` (0600) of its directory: what a later
 * owner masks is what the agent was given, whatever became of the files that the values were taken from.
 * Durable when it resolves. Throws UNAVAILABLE.
 */
export async function keepSecrets(ctx: PlaneContext, runId: string, secrets: readonly string[]): Promise<void> {
  await replaceFile(fileOf(ctx, runId), JSON.stringify({ version: 1, secrets }), { durable: true });
}

/** Undefined when they are gone or damaged. Throws UNAVAILABLE when they cannot be read at the moment. */
export async function readSecrets(ctx: PlaneContext, runId: string): Promise<readonly string[] | undefined> {
  try {
    const bytes = await readTail(fileOf(ctx, runId), maxFileBytes);
    return secretsSchema.safeParse(JSON.parse(bytes.toString('utf8'))).data?.secrets;
  } catch (thrown) {
    if (AgentRuntimeError.isInstance(thrown) && ofTheMoment.has(systemCode(thrown.cause))) throw thrown;
    return undefined;
  }
}

/**
 * Those of all runs of a task: what one was given, it may have written where others read it. Undefined when those of a
 * run that has started are gone. Throws as `readSecrets`.
 */
export async function secretsOfRuns(
  ctx: PlaneContext,
  runs: readonly RunState[],
): Promise<readonly string[] | undefined> {
  const all = new Set<string>();
  for (const { runId, capabilities } of runs) {
    const secrets = await readSecrets(ctx, runId);
    // A run whose start failed may have none.
    if (!secrets && capabilities) return undefined;
    for (const secret of secrets ?? []) all.add(secret);
  }
  return [...all];
}

/** Removes them: nothing of a run that has ended is read again. A failure is only warned about. */
export async function forgetSecrets(ctx: PlaneContext, runs: readonly Pick<RunState, 'runId'>[]): Promise<void> {
  for (const { runId } of runs) {
    const file = fileOf(ctx, runId);
    // The draft is what a crash left.
    for (const each of [file, `${file}.tmp`]) {
      await rm(each, { recursive: true, force: true }).catch((thrown: unknown) => {
        const { message } = AgentRuntimeError.from(thrown);
        process.emitWarning(`values of run ${runId} were not removed: ${message}`, 'AgentRuntimeWarning');
      });
    }
  }
}
