import { leaveRunCgroup } from '@runtime/adapter-kit/process';
import type { AgentRuntimeError, ControlPlane } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { z } from 'zod';
import { formatDuration } from '../arguments/duration.ts';
import { concurrencyOf } from '../config/concurrency.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CommandContext } from '../invocation/context.ts';
import { reportError, type Handler } from '../invocation/handle.ts';
import { untilIdle } from '../owner/idle-exit.ts';
import { sanitizeLine } from '../sanitize.ts';
import { openOwnPlane } from '../plane/own-plane.ts';

/** Longer than it takes to let go of a thousand agents. */
const letGoMs = 30_000;

const serveOptionsSchema = z.object({
  detach: z.boolean().default(false),
  idleExit: z.int().optional(),
  concurrency: z.int().optional(),
});

/** `runtime serve`. */
export const serve: Handler = async (context, _args, given) => {
  const options = serveOptionsSchema.parse(given);
  return options.detach ? serveDetached(context, options) : serveHere(context, options);
};

type ServeOptions = z.infer<typeof serveOptionsSchema>;

async function serveDetached(context: CommandContext, { idleExit, concurrency }: ServeOptions): Promise<void> {
  const plane = await context.writing({
    idleExit: idleExit === undefined ? 'never' : `${idleExit}ms`,
    ...(concurrency === undefined ? {} : { concurrency }),
  });
  await report(context, plane);
}

async function serveHere(context: CommandContext, { idleExit, concurrency }: ServeOptions): Promise<number> {
  // An agent may have started it, and ends before the owner's other tasks do.
  if (process.env[runMarker] === undefined) await leaveRunCgroup();
  const stop = new AbortController();
  const unsubscribe = context.deps.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], (name) => stop.abort(name));
  try {
    const limit = concurrency ?? concurrencyOf((await context.config()).config);
    const plane = await openOwnPlane(context, limit, ({ by, why }) =>
      stop.abort(`asked to leave by ${sanitizeLine(by)}${why === undefined ? '' : ` (${sanitizeLine(why, 500)})`}`),
    );
    context.deps.leaveWorkingDirectory();
    await report(context, plane);
    // A closed terminal or pipe does not end an owner: only a signal or idleness does.
    const exitRequest = idleExit === undefined ? aborted(stop.signal) : untilIdle(plane, idleExit, stop.signal);
    const failure = await Promise.race([plane.closed, exitRequest]);
    // Whatever cannot be let go of in time, the next owner finds it as after a crash.
    context.deps.exitWithin(failure ? exitCodes.failed : exitCodes.succeeded, letGoMs);
    if (failure) return await giveUp(context, failure);
    const why = stop.signal.aborted ? String(stop.signal.reason) : `idle for ${formatDuration(idleExit ?? 0)}`;
    await context.out.line(`exiting: ${why}`);
    return exitCodes.succeeded;
  } finally {
    stop.abort('the command ended');
    unsubscribe();
  }
}

/**
 * The plane closed by itself, for instance because its log cannot be written: a service manager starts another owner,
 * which reads what is on the disk.
 */
async function giveUp({ deps, options }: CommandContext, failure: AgentRuntimeError): Promise<number> {
  await reportError(deps, failure, options);
  return exitCodes.failed;
}

async function report(context: CommandContext, plane: ControlPlane): Promise<void> {
  const info = await plane.info();
  const socket = (await context.deps.planes.owner(context.dataDir))?.socketPath ?? '';
  await context.out.document({ ...info, socket });
  await context.out.line(
    `serving ${sanitizeLine(info.dataDir, 1000)} (pid ${info.pid}, epoch ${info.epoch}) on ${sanitizeLine(socket)}`,
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    // Keeps the process alive: the socket alone may be closed, and an owner must not end for want of work.
    const alive = setInterval(() => {}, 60_000);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
}
