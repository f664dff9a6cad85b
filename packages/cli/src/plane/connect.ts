import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane } from '@runtime/contracts';
import type { LoadedConfig } from '../config/load.ts';
import { concurrencyOf, usualConcurrency } from '../config/concurrency.ts';
import type { CliDependencies, StartingOwner } from '../host/dependencies.ts';
import { exitCodes, isLockConflict } from '../exit-codes.ts';
import { leaveOwner } from './leave-owner.ts';
import { wasReplaced } from './owner-left.ts';
import { isOlder } from './versions.ts';
import type { Output } from '../render/output.ts';
import { spokenHint } from '../render/spoken.ts';
import { sanitizeLine } from '../sanitize.ts';

/** What a command needs to reach a plane. */
export interface ConnectContext {
  readonly deps: CliDependencies;
  readonly dataDir: string;
  readonly out: Output;
  /** Aborted by the end of the command. */
  readonly signal: AbortSignal;
  /** How this program is called on the same data directory, in commands to copy. */
  readonly program: string;
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
   * How long the owner may take until its socket answers, in ms; one that gets ready may take four times as long.
   * @default 15000: a start of Node on a busy machine, with a large log
   */
  readonly timeoutMs?: number;
  /** Why the last connection ended: where another command is about to start an owner, that has its time first. */
  readonly lost?: AgentRuntimeError | undefined;
}

/** True for the error of a plane whose owner does not answer, or no longer does. */
export function isUnavailable(error: unknown): error is AgentRuntimeError {
  return AgentRuntimeError.isInstance(error) && error.code === 'UNAVAILABLE';
}

/** True for the error of an owner that lives and cannot be asked. */
const isUnreachable = (error: AgentRuntimeError): boolean => error.details?.['owner'] !== undefined;

/** Connects to the owner. Undefined where none can be asked. */
export async function connectIfOwned(context: ConnectContext): Promise<ControlPlane | undefined> {
  const found = await findLivingOwner(context);
  return AgentRuntimeError.isInstance(found) ? undefined : found;
}

/** The owner's plane; undefined where no process owns the directory; the reason where one does and cannot be asked. */
export async function findLivingOwner({
  deps,
  dataDir,
  signal,
}: ConnectContext): Promise<ControlPlane | AgentRuntimeError | undefined> {
  try {
    return await deps.planes.connect({ dataDir, signal });
  } catch (thrown) {
    const error = AgentRuntimeError.from(thrown);
    if (error.code !== 'UNAVAILABLE') throw error;
    return isUnreachable(error) ? error : undefined;
  }
}

/** Connects to the owner; where there is none, or none that answers, reads the files. */
export async function connectForReading(context: ConnectContext): Promise<ControlPlane> {
  const found = await findLivingOwner(context);
  if (found && !AgentRuntimeError.isInstance(found)) return found;
  if (found?.details?.['silent'] === true) {
    const hint = inBrackets(found.hint, context);
    context.out.note(`note: ${sanitizeLine(found.rawMessage, 500)}${hint}; this is read from the files`);
  }
  return context.deps.planes.readOnly({ dataDir: context.dataDir });
}

/**
 * Connects to the owner, and starts one where there is none. When two commands start an owner at the same time, the
 * owner without the lock exits with the code for a held lock, and its command goes on to connect to the other one.
 * An owner of an older version is asked to leave first, once.
 */
export async function connectForWriting(context: ConnectContext, options: WritingOptions): Promise<ControlPlane> {
  const timeoutMs = options.timeoutMs ?? 15_000;
  const startFrom = performance.now() + (wasReplaced(options.lost) ? timeoutMs : 0);
  let since = startFrom;
  let owner: StartingOwner | undefined;
  // Where no command starts an owner, nothing would come after it.
  let mayTakeOver = context.deps.startOwner !== undefined;
  let pauseMs = 20;
  for (;;) {
    const found = await findLivingOwner(context);
    if (found && !AgentRuntimeError.isInstance(found)) {
      if (!mayTakeOver || !(await takeOver(context, found))) return found;
      mayTakeOver = false;
      since = performance.now();
      continue;
    }
    if (found && cannotChange(found)) throw found;
    const exitCode = owner?.exitCode();
    const failure = owner && exitCode !== undefined ? await failureOf(owner, exitCode) : undefined;
    if (failure && !isLockConflict(failure)) throw failure;
    // One that is getting ready is only slow, on a busy machine or over a long log; one that does not answer may hang.
    const waitsMs = owner && !found ? timeoutMs * startPatience : timeoutMs;
    if (performance.now() > since + waitsMs)
      throw found ?? failure ?? (owner ? await ownerTooSlow(context, owner, waitsMs) : noOwner());
    if (!found && !context.deps.startOwner && performance.now() >= startFrom) throw nobodyStarts(context);
    // An owner that was shutting down may have held the lock: try again to start one.
    if (
      !found &&
      performance.now() >= startFrom &&
      (owner === undefined || (exitCode !== undefined && pauseMs >= 250))
    ) {
      owner = await startOwner(context, options);
      pauseMs = 20;
    }
    await sleep(pauseMs, undefined, { signal: context.signal });
    pauseMs = Math.min(pauseMs * 1.5, 250);
  }
}

/** How many times longer than for an answer is waited for an owner that gets ready: it has a program to load. */
const startPatience = 4;

/** An owner without a socket will not get one, and a stopped one goes on only when somebody continues it. */
export const cannotChange = ({ retry, details }: AgentRuntimeError): boolean =>
  retry === 'never' || details?.['stopped'] === true;

async function startOwner(context: ConnectContext, options: WritingOptions): Promise<StartingOwner> {
  const { idleExit = '10m', concurrency = await concurrencyHere(context) } = options;
  const { startOwner: start } = context.deps;
  if (!start) throw nobodyStarts(context);
  return start({ dataDir: context.dataDir, idleExit, concurrency });
}

const nobodyStarts = ({ deps: { noOwnerHint: hint }, dataDir }: ConnectContext): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', `no owner of ${dataDir} lives`, hint === undefined ? {} : { hint });

/** A hint in the middle of a note; empty where there is none to say here. */
function inBrackets(hint: string | undefined, { deps }: Pick<ConnectContext, 'deps'>): string {
  const said = spokenHint(hint ?? '', deps.mount);
  return said === '' ? '' : ` (${sanitizeLine(said, 500)})`;
}

/**
 * Asks an owner of an older version to leave, and waits until it is gone. False, with a note where a person can do
 * something, for an owner that refuses: it is asked as it is. True once it has agreed, also when it is slow: its plane
 * may be closed already.
 */
async function takeOver(context: ConnectContext, plane: ControlPlane): Promise<boolean> {
  const { version } = context.deps;
  const { version: theirs, pid, leaves } = await plane.info({ signal: context.signal });
  // A host that owns the plane as a part of its own work is of another program.
  if (leaves === false || !isOlder(theirs, version)) return false;
  let agreed = true;
  try {
    await leaveOwner(context, plane, { why: `version ${version} takes over`, successor: true });
  } catch (thrown) {
    const { rawMessage, hint, code } = AgentRuntimeError.from(thrown);
    if (code !== 'UNSUPPORTED' && code !== 'UNAVAILABLE') throw thrown;
    agreed = code === 'UNAVAILABLE';
    const why = `${sanitizeLine(rawMessage, 500)}${inBrackets(hint, context)}`;
    context.out.note(`note: process ${pid} of version ${sanitizeLine(theirs, 50)} goes on as the owner: ${why}`);
  }
  if (agreed) await plane.close();
  return agreed;
}

const noOwner = (): AgentRuntimeError => new AgentRuntimeError('UNAVAILABLE', 'no owner could be started in time');

/** Why the owner ended; undefined for one that another command asked to leave. */
async function failureOf(owner: StartingOwner, exitCode: number | null): Promise<AgentRuntimeError | undefined> {
  if (exitCode === exitCodes.succeeded) return undefined;
  const reported = await owner.failure();
  if (reported) return reported;
  const how = exitCode === null ? 'was killed' : `exited with ${exitCode}`;
  const tail = await owner.logTail();
  return new AgentRuntimeError('UNAVAILABLE', `the owner ${how} before its socket answered${logEnd(tail)}`, {
    hint: `see ${owner.logPath}; runtime serve runs the owner in the foreground`,
  });
}

async function ownerTooSlow(
  context: ConnectContext,
  owner: StartingOwner,
  timeoutMs: number,
): Promise<AgentRuntimeError> {
  const tail = await owner.logTail();
  return new AgentRuntimeError(
    'UNAVAILABLE',
    `the owner did not start within ${timeoutMs / 1000} s: its socket did not answer${logEnd(tail)}`,
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
