import { AgentRuntimeError } from '@runtime/contracts';
import type { Command } from 'commander';
import { commonOptionsOf, type CommonOptions } from './common-options.ts';
import { createContext, type CommandContext } from './context.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { wasStopped } from '../plane/owner-left.ts';
import { spokenHint } from '../render/spoken.ts';
import { createOutput, formatError } from '../render/output.ts';

/** Prints an error: as text on stderr, or with `--json` as the one document on stdout. Returns its exit code. */
export async function reportError(
  deps: CliDependencies,
  thrown: unknown,
  options: Pick<CommonOptions, 'json' | 'verbose'>,
): Promise<number> {
  const error = AgentRuntimeError.from(thrown);
  deps.tellStarter?.(error.toData());
  const out = createOutput(deps, options);
  const hint = spokenHint(error.hint ?? '', deps.mount) || undefined;
  if (options.json) await out.record({ error: { ...error.toData(), hint } });
  // Nothing failed: a person ended what the view was looking at.
  else if (error.code === 'CANCELLED' && wasStopped(error))
    out.note(hint === undefined ? error.rawMessage : `${error.rawMessage}; ${hint}`);
  else {
    const { colours } = createOutput({ ...deps, stdout: deps.stderr }, { json: false });
    out.note(formatError(error, colours, options.verbose, deps.mount));
  }
  return exitCodeOf(error);
}

/** A command's body: `args` as typed, `options` as commander parsed them. Resolves with the exit code, by default 0. */
export type Handler = (
  context: CommandContext,
  args: readonly (string | undefined)[],
  options: Record<string, unknown>,
) => Promise<number | void>;

/** How a body is wrapped. */
export interface HandlerOptions {
  /** The command handles signals itself. @default Ctrl-C, SIGTERM and SIGHUP abort the context */
  readonly ownSignals?: boolean;
}

/** Wraps a body for commander: makes its context, prints its error, closes what it opened, sets the exit code. */
export function handle(deps: CliDependencies, body: Handler, handlerOptions: HandlerOptions = {}) {
  return async (...received: readonly unknown[]): Promise<void> => {
    const command = received.at(-1) as Command;
    const given: Record<string, unknown> = command.optsWithGlobals();
    const common = commonOptionsOf(given);
    const args = command.processedArgs.flat().map((arg: unknown) => (typeof arg === 'string' ? arg : undefined));
    deps.exit(await attempt(deps, common, (context) => body(context, args, given), handlerOptions));
  };
}

async function attempt(
  deps: CliDependencies,
  common: CommonOptions,
  body: (context: CommandContext) => Promise<number | void>,
  { ownSignals = false }: HandlerOptions,
): Promise<number> {
  let context: CommandContext | undefined;
  let unsubscribe = (): void => {};
  try {
    context = createContext(deps, common);
    // The first signal aborts the command. A second one meets no listener and ends the process.
    const interrupt = (): void => {
      unsubscribe();
      context?.interrupt();
    };
    if (!ownSignals) unsubscribe = deps.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], interrupt);
    const code = (await body(context)) ?? exitCodes.succeeded;
    return context.signal.aborted && !deps.brokenPipe.aborted ? exitCodes.interrupted : code;
  } catch (error) {
    // The reader of stdout has what it wanted, as `head` does.
    if (deps.brokenPipe.aborted) return exitCodes.succeeded;
    if (context?.signal.aborted) return exitCodes.interrupted;
    return await reportError(deps, error, common);
  } finally {
    unsubscribe();
    await context?.close().catch((error: unknown) => reportError(deps, error, common));
  }
}
