import type { ControlPlane, RunOutcome, TaskStreamEvent } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import type { CommandContext } from '../invocation/context.ts';
import { callingRun } from '../plane/calling-run.ts';
import { followTask } from '../plane/follow-task.ts';
import { createLiveView, type LiveView } from '../render/live-view.ts';
import { shortId } from '../render/short-id.ts';
import { createStatusLine } from '../render/status-line.ts';
import { describeOutcome } from '../render/summary.ts';
import { paintStatus } from '../render/task.ts';
import { describeWaiting } from '../render/waiting.ts';

/** How to show a task. */
export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Connects again after the owner died. Left out where this process is the owner. */
  readonly reconnect?: (() => Promise<ControlPlane>) | undefined;
}

/** Shows a task until it has ended, and returns its outcome; undefined when `signal` ended the watching before. */
export async function watchTask(
  context: CommandContext,
  plane: ControlPlane,
  taskId: string,
  options: WatchOptions,
): Promise<RunOutcome | undefined> {
  const { out, program } = context;
  const waitingRunId = callingRun(context.deps.env);
  const view = createLiveView({
    colours: out.colours,
    live: out.live,
    quiet: out.quiet,
    verbose: context.options.verbose,
    columns: out.live ? out.columns : undefined,
    program,
  });
  const screen = openScreen(context, view);
  const stopAsking = out.json || out.quiet ? () => {} : sayWhyQueued(context, plane, taskId, view, screen);
  let times: { readonly from: number; readonly to: number } | undefined;
  let keptOpen = false;
  let takesMore = false;
  let outcome: RunOutcome | undefined;
  try {
    for await (const event of followTask(plane, taskId, { follow: true, waitingRunId, ...options })) {
      if (event.type === 'task.submitted') keptOpen = event.spec.until === 'closed';
      // One that takes no follow-up ends after its turn.
      if (event.type === 'run.started') takesMore = event.capabilities.followUp;
      times = { from: times?.from ?? event.time, to: event.time };
      if (event.type === 'task.ended') outcome = event.outcome;
      if (out.json) await out.record(event);
      else await screen.write(view.show(event) + restHint(event, keptOpen && takesMore && !out.quiet, view, context));
      if (options.signal.aborted) break;
    }
  } finally {
    stopAsking();
    await screen.close();
  }
  if (outcome !== undefined && !out.quiet) {
    const why = describeOutcome(outcome).slice(outcome.status.length);
    const elapsed = formatDuration((times?.to ?? 0) - (times?.from ?? 0));
    const last = `${paintStatus(outcome.status, out.colours)}${why} after ${elapsed}  ${out.colours.dim(shortId(taskId))}`;
    if (!out.json) await out.write(view.line(last));
  }
  return outcome;
}

interface Screen {
  write(text: string): Promise<void>;
  /** Writes to stderr, not into the line below. */
  note(text: string): Promise<void>;
  /** Takes the line below away and ends the last line. */
  close(): Promise<void>;
}

/** Writes the view, and on a terminal the line below it, which moves while the task is at work. */
function openScreen({ out, deps }: CommandContext, view: LiveView): Screen {
  const status = createStatusLine(out);
  let writing = 0;
  const write = async (text: string): Promise<void> => {
    if (text === '') return;
    writing += 1;
    await out.write(status.erase() + text).finally(() => (writing -= 1));
  };
  const now = deps.now ?? Date.now;
  // While a slow reader holds the last text up, there is nothing to draw over.
  const draw = (): void => void (writing > 0 || out.write(status.draw(view.activity(now()))));
  const timer = out.redraws && !out.quiet ? setInterval(draw, deps.frameMs ?? 120) : undefined;
  return {
    write,
    async note(text) {
      await out.write(status.erase());
      out.note(text);
    },
    async close() {
      clearInterval(timer);
      if (!out.json) await out.write(status.erase() + view.end());
    },
  };
}

/** Says on stderr what a queued task waits for, when it has waited for some time and whenever that changes. */
function sayWhyQueued(
  { deps }: CommandContext,
  plane: ControlPlane,
  taskId: string,
  view: LiveView,
  screen: Screen,
): () => void {
  let said: string | undefined;
  let isOver = false;
  let timer: NodeJS.Timeout;
  const ask = async (): Promise<void> => {
    if (view.queued) {
      // A plane that is gone is the reader's affair, which connects again.
      const shown = await plane
        .task(taskId)
        .status()
        .catch(() => undefined);
      const why = shown && describeWaiting(shown, (deps.now ?? Date.now)());
      const reason = shown?.waitingFor?.text;
      if (why !== undefined && reason !== said && view.queued) {
        said = reason;
        await screen.note(`queued: ${why}`);
      }
    }
    if (!isOver) timer.refresh();
  };
  timer = setTimeout(() => void ask(), deps.queuedNoteMs ?? 2000);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/** The line for a task that is kept open, on a runtime that takes more, and now waits for a person. */
function restHint(event: TaskStreamEvent, goesOn: boolean, view: LiveView, { out, program }: CommandContext): string {
  if (!goesOn || event.type !== 'turn.ended') return '';
  const id = shortId(event.stream.slice('task/'.length));
  return view.line(
    out.colours.dim(`the agent rests; to go on: ${program} follow-up ${id} "<text>", to end: ${program} close ${id}`),
  );
}
