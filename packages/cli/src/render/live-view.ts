import type { TaskStreamEvent } from '@runtime/contracts';
import { defined } from '../defined.ts';
import type { Mount } from '../mount.ts';
import type { Colours } from './output.ts';
import { createActivity } from './activity.ts';
import { describeLine } from './event-line.ts';
import { createFailures } from './failures.ts';
import { cutLine, wrapLine } from './fit.ts';
import { createLineBuffer } from './line-buffer.ts';
import { createRepeats } from './repeats.ts';
import { createSpeech } from './speech.ts';
import { describeResult } from './tool-line.ts';

/** Options of the live view. */
export interface LiveViewOptions {
  readonly colours: Colours;
  /** Write streamed text at once, for a terminal. */
  readonly live: boolean;
  /** Show only what the agent says. */
  readonly quiet: boolean;
  /** Also show reasoning and the plane's own steps. */
  readonly verbose: boolean;
  /** The width of the terminal; undefined where nothing is to be fitted. */
  readonly columns?: number | undefined;
  /** How the program is called in commands to copy. @default 'runtime' */
  readonly program?: string;
  /** Which commands it has. @default every one */
  readonly mount?: Mount | undefined;
}

/** What people watch while a task runs. Pass it each event in order, and write the text that it returns. */
export interface LiveView {
  show(event: TaskStreamEvent): string;
  /** Adds a line between the events. */
  line(text: string): string;
  /** What happens now, in words; undefined in the middle of a line, and while nothing happens. */
  activity(now: number): string | undefined;
  readonly queued: boolean;
  end(): string;
}

/** Makes a live view. It remembers the message that is being streamed and the state of the line, and has no effects. */
export function createLiveView(options: LiveViewOptions): LiveView {
  const { colours: c, quiet, verbose, columns } = options;
  const buffer = createLineBuffer(options.live);
  const dims = c.isColorSupported ? (text: string) => c.dim(text) : (text: string) => text;
  // Without colours, reasoning would read like the agent's answer.
  const showsReasoning = verbose || (options.live && c.isColorSupported);
  const speech = createSpeech(buffer, { reasoning: showsReasoning && !quiet ? dims : undefined });
  const failures = createFailures(c);
  const activity = createActivity();
  const results = createResults(c);
  const isRepeated = createRepeats();
  const wrapped = (lines: string): string =>
    lines === '' ? '' : buffer.line(columns === undefined ? lines.trimEnd() : wrapLine(lines.trimEnd(), columns));
  const cut = (line: string): string => buffer.line(columns === undefined ? line : cutLine(line, columns));
  let promptId: string | undefined;
  const showLine = (event: TaskStreamEvent): string => {
    if (event.type === 'task.submitted') promptId = event.instructionId;
    // The prompt is declined because the task ends, and how it ends is the last line.
    if (event.type === 'instruction.declined' && event.instructionId === promptId && !verbose) return '';
    if (isRepeated(event) && !verbose) return '';
    const result = results(event);
    if (result !== undefined) return cut(result);
    const failure = failures.show(event);
    if (failure !== undefined) return wrapped(failure);
    const { program = 'runtime', mount } = options;
    const line = describeLine(event, { colours: c, verbose, program, mount });
    if (line === undefined) return '';
    return wrapped(failures.end()) + (event.type === 'tool.started' ? cut(line) : wrapped(line));
  };
  return {
    show(event) {
      activity.follow(event);
      const spoken = speech(event);
      if (spoken !== undefined) return spoken;
      return quiet ? '' : showLine(event);
    },
    line: wrapped,
    activity: (now) => (quiet || !buffer.atLineStart() ? undefined : activity.describe(now)),
    get queued() {
      return activity.queued;
    },
    end: () => (quiet ? '' : wrapped(failures.end())) + buffer.end(),
  };
}

/** Shows what a tool answered, with its name where another call was shown in between. */
function createResults(c: Colours): (event: TaskStreamEvent) => string | undefined {
  const calls = new Map<string, { readonly name: string; readonly since: number }>();
  let last: string | undefined;
  return (event) => {
    if (event.type === 'tool.started') {
      calls.set(event.callId, { name: event.name, since: event.time });
      last = event.callId;
    }
    if (event.type === 'run.ended') calls.clear();
    if (event.type !== 'tool.ended') return undefined;
    const call = calls.get(event.callId);
    calls.delete(event.callId);
    const name = call && last !== event.callId ? call.name : undefined;
    const ms = call && event.time - call.since;
    return describeResult(defined({ ok: event.ok, output: event.output, name, ms }), c);
  };
}
