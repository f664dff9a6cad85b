import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane } from '@runtime/contracts';
import type { LoadedConfig } from '../config/load.ts';
import type { CliDependencies, StartingOwner } from '../host/dependencies.ts';
import { exitCodes } from '../exit-codes.ts';
import { readOwnerConfig } from '../owner/owner-config.ts';
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

export interface WritingOptions {
  /** For an owner that has to be started. */
  readonly passEnv?: readonly string[];
  /** @default '10m' */
  readonly idleExit?: string;
  /** How long an owner may take until its socket answers, in ms. @default 15000: Node's start on a busy machine, opening a large log */
  readonly timeoutMs?: number;
}

/** True for the error of a plane whose owner does not answer, or no longer does. */
export function isUnavailable(error: unknown): boolean {
  return AgentRuntimeError.isInstance(error) && error.code === 'UNAVAILABLE';
}

/** The plane behind the socket, or undefined where no owner lives. */
export async function connectIfOwned(context: ConnectContext): Promise<ControlPlane | undefined> {
  const { deps, dataDir, signal } = context;
  try {
    return await deps.planes.connect({ dataDir, signal });
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/** Over the socket where an owner lives; else from the files, which then nobody changes. */
export async function connectForReading(context: ConnectContext): Promise<ControlPlane> {
  const owned = await connectIfOwned(context);
  return owned ?? context.deps.planes.readOnly({ dataDir: context.dataDir });
}

/**
 * Over the socket, starting an owner where none lives. Two that start one at the same time both end up with the one that won the lock:
 * the loser's owner leaves with the exit code of a held lock, and its client goes on asking for the socket.
 */
export async function connectForWriting(context: ConnectContext, options: WritingOptions): Promise<ControlPlane> {
  const first = await connectIfOwned(context);
  if (first) {
    await noteOtherConfig(context, first);
    return first;
  }
  const timeoutMs = options.timeoutMs ?? 15_000;
  const until = performance.now() + timeoutMs;
  const start = async (): Promise<StartingOwner> => {
    const config = await context.config();
    const adapters = await context.deps.adapters(config.config);
    const passEnv = [...(options.passEnv ?? []), ...adapters.flatMap(({ passEnvironment }) => passEnvironment ?? [])];
    return context.deps.startOwner({ dataDir: context.dataDir, config, idleExit: options.idleExit ?? '10m', passEnv });
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
    // The lock was held, perhaps by an owner on its way out: its place may be free by now.
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
  return new AgentRuntimeError(code, `the owner ${how} before it could be asked${quote(tail)}`, {
    hint: `see ${owner.logPath}, or run it in front of you: runtime serve`,
  });
}

async function ownerTooSlow(
  context: ConnectContext,
  owner: StartingOwner,
  timeoutMs: number,
): Promise<AgentRuntimeError> {
  const held = owner.exitCode() === exitCodes.unavailable;
  const why = held ? 'the data directory is held by a process that serves no socket' : 'its socket did not answer';
  const tail = await owner.logTail();
  return new AgentRuntimeError('UNAVAILABLE', `no owner after ${timeoutMs / 1000} s: ${why}${quote(tail)}`, {
    hint: `runtime doctor --data-dir ${context.dataDir} shows who holds it; the owner's log is ${owner.logPath}`,
  });
}

const quote = (tail: string): string => (tail.trim() === '' ? '' : `; its last words:\n${tail.trimEnd()}`);

/** An owner keeps the configuration it was started with: say so when this directory has another one. */
async function noteOtherConfig(context: ConnectContext, plane: ControlPlane): Promise<void> {
  try {
    const mine = await context.config();
    if (mine.path === undefined) return;
    const { pid } = await plane.info();
    const theirs = await readOwnerConfig(context.dataDir);
    if (theirs === undefined || theirs.pid !== pid || theirs.hash === mine.hash) return;
    context.out.note(
      `note: the owner runs with another configuration than ${sanitizeLine(mine.path, 1000)}; kill ${pid} ends it (agents go on), and the next command starts one with yours`,
    );
  } catch (error) {
    // A task must stay steerable and cancellable while somebody edits the configuration.
    context.out.note(`note: ${sanitizeLine(AgentRuntimeError.from(error).rawMessage, 500)}`);
  }
}
