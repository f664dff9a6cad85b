import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane } from '@runtime/contracts';
import type { LoadedConfig } from '../config/load.ts';
import { concurrencyOf, usualConcurrency } from '../config/schema.ts';
import type { CliDependencies, StartingOwner } from '../host/dependencies.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Output } from '../render/output.ts';
import { sanitizeLine } from '../sanitize.ts';

/** What a command needs to reach a plane. */
export interface ConnectContext {
  readonly deps: CliDependencies;
  readonly dataDir: string;
  readonly out: Output;
  /** Aborted by the end of the command. */
  readonly signal: AbortSignal;
  config(): Promise<LoadedConfig>;
  /** Closes the plane when the command ends. Returns the plane. */
  closeAtEnd(plane: ControlPlane): ControlPlane;
}

/** How to start an owner where there is none. */
export interface WritingOptions {
  /** After which idle time the owner exits; `never` for an owner that stays. @default '10m' */
  readonly idleExit?: string;
  /** How many tasks the new owner runs at the same time. @default that of the configuration here */
  readonly concurrency?: number;
  /**
   * How long the owner may take until its socket answers, in ms.
   * @default 15000: a start of Node on a busy machine, with a large log
   */
  readonly timeoutMs?: number;
}

/** True for the error of a plane whose owner does not answer, or no longer does. */
export function isUnavailable(error: unknown): boolean {
  return AgentRuntimeError.isInstance(error) && error.code === 'UNAVAILABLE';
}

/** Connects to the owner. Undefined where there is none. */
export async function connectIfOwned(context: ConnectContext): Promise<ControlPlane | undefined> {
  const { deps, dataDir, signal } = context;
  try {
    return await deps.planes.connect({ dataDir, signal });
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/** Connects to the owner; where there is none, reads the files. */
export async function connectForReading(context: ConnectContext): Promise<ControlPlane> {
  const owned = await connectIfOwned(context);
  return owned ?? context.deps.planes.readOnly({ dataDir: context.dataDir });
}

/**
 * Connects to the owner, and starts one where there is none. When two commands start an owner at the same time, the
 * owner without the lock exits with the code for a held lock, and its command goes on to connect to the other one.
 */
export async function connectForWriting(context: ConnectContext, options: WritingOptions): Promise<ControlPlane> {
  const first = await connectIfOwned(context);
  if (first) return first;
  const timeoutMs = options.timeoutMs ?? 15_000;
  const until = performance.now() + timeoutMs;
  const concurrency = options.concurrency ?? (await concurrencyHere(context));
  const start = async (): Promise<StartingOwner> => {
    const { idleExit = '10m' } = options;
    return context.deps.startOwner({ dataDir: context.dataDir, idleExit, concurrency });
  };
  let owner = await start();
  let pauseMs = 20;
  for (;;) {
    const plane = await connectIfOwned(context);
    if (plane) return plane;
    const exitCode = owner.exitCode();
    if (exitCode !== undefined && exitCode !== exitCodes.unavailable) throw await ownerFailed(owner, exitCode);
    if (performance.now() > until) throw await ownerTooSlow(context, owner, timeoutMs);
    await sleep(pauseMs, undefined, { signal: context.signal });
    pauseMs = Math.min(pauseMs * 1.5, 250);
    // An owner that was shutting down may have held the lock: try again to start one.
    if (exitCode !== undefined && pauseMs === 250) {
      owner = await start();
      pauseMs = 20;
    }
  }
}

async function ownerFailed(owner: StartingOwner, exitCode: number | null): Promise<AgentRuntimeError> {
  const how = exitCode === null ? 'was killed' : `exited with ${exitCode}`;
  const tail = await owner.logTail();
  const code = exitCode === exitCodes.usage ? 'INVALID_ARGUMENT' : 'UNAVAILABLE';
  return new AgentRuntimeError(code, `the owner ${how} before its socket answered${logEnd(tail)}`, {
    hint: `see ${owner.logPath}, or run the owner in the foreground: runtime serve`,
  });
}

async function ownerTooSlow(
  context: ConnectContext,
  owner: StartingOwner,
  timeoutMs: number,
): Promise<AgentRuntimeError> {
  const held = owner.exitCode() === exitCodes.unavailable;
  const why = held ? 'another process holds the data directory and serves no socket' : 'its socket did not answer';
  const tail = await owner.logTail();
  return new AgentRuntimeError(
    'UNAVAILABLE',
    `the owner did not start within ${timeoutMs / 1000} s: ${why}${logEnd(tail)}`,
    {
      hint: `runtime doctor --data-dir ${context.dataDir} shows the process that holds it; the log of the owner is ${owner.logPath}`,
    },
  );
}

const logEnd = (tail: string): string => (tail.trim() === '' ? '' : `; the end of its log:\n${tail.trimEnd()}`);

/** Of the configuration here. A broken one must not keep a person from steering or cancelling a task. */
async function concurrencyHere(context: ConnectContext): Promise<number> {
  try {
    return concurrencyOf((await context.config()).config);
  } catch (error) {
    context.out.note(`note: ${sanitizeLine(AgentRuntimeError.from(error).rawMessage, 500)}`);
    return usualConcurrency;
  }
}
