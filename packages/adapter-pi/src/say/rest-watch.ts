import type { PiOutput } from '../read/pi-output.ts';
import { isUnexplained } from '../translate/instructions.ts';
import { mayBeAtRest, restSuffix, seemsAtRest } from '../translate/life.ts';
import { handledSuffix, sentSuffix } from '../translate/responses.ts';
import type { PiInput } from './pi-input.ts';
import type { Sending } from './sending.ts';

/** After a compaction Pi may continue by itself; within this time, in ms, it would have. */
const graceMs = 250;
/** How long to wait, in ms, for a Pi that reports `agent_settled`, and before asking a busy Pi again. */
const againMs = 1000;
/** After spoiled output a busy Pi is asked less and less often, at last every so many ms. */
const maxAgainMs = 30_000;
/** A slash command that begins a turn does so within this time, in ms. */
const handledMs = 250;

interface RestParts {
  readonly output: PiOutput;
  readonly input: PiInput;
  readonly sending: Sending;
}

/**
 * Asks Pi whether it is idle where its output does not show it: a version that does not report `agent_settled`, or one
 * whose report was spoiled. Asks any Pi what became of a slash command that began no turn. This only asks: the answers
 * are in the output, where the translator ends the turn.
 */
export function watchRest({ output, input, sending }: RestParts): { expectCommand(id: string): void; close(): void } {
  const commands = new Set<string>();
  let asked = 0;
  let waitMs = againMs;
  let timer: NodeJS.Timeout | undefined;
  let overdue: NodeJS.Timeout | undefined;
  const ask = (suffix: string): void => {
    // Pi has ended or hangs. The plane's time limits handle that.
    input.ask('get_state', { suffix }).catch(() => {});
  };
  const unanswered = (): string => {
    const [id] = sending.unacknowledged();
    return id === undefined ? '' : sentSuffix(id);
  };
  const later = (ms: number, what: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(what, ms).unref();
  };
  const askRest = (): void => {
    const { life } = output.state;
    if (!mayBeAtRest(life)) return;
    ask(`${unanswered()}${restSuffix(life.rests)}`);
    later(waitMs, askRest);
    if (!seemsAtRest(life)) waitMs = Math.min(2 * waitMs, maxAgainMs);
  };
  // The answer to a prompt is overdue: a user message has started that only it can explain.
  const isOverdue = (): boolean => unanswered() !== '' && isUnexplained(output.state.trail);
  const askOverdue = (): void => {
    overdue = undefined;
    if (isOverdue()) ask(unanswered());
  };
  const askHandled = (): void => {
    if (isIdleCommand()) ask(handledSuffix);
  };
  const isIdleCommand = (): boolean => {
    const { life, trail } = output.state;
    // Declined, or an ordinary prompt whose turn has begun.
    for (const id of commands) if (output.answered.has(id) && !trail.starting.includes(id)) commands.delete(id);
    return !life.open && trail.starting.some((id) => commands.has(id));
  };
  const look = (): void => {
    const { life } = output.state;
    if (mayBeAtRest(life) && asked !== life.rests) {
      asked = life.rests;
      waitMs = againMs;
      if (seemsAtRest(life)) later(life.afterCompaction ? graceMs : 0, askRest);
      else later(againMs, askRest);
    } else if (commands.size > 0 && isIdleCommand()) {
      later(handledMs, askHandled);
    }
  };
  const lookAll = (): void => {
    look();
    if (overdue === undefined && isOverdue()) overdue = setTimeout(askOverdue, againMs).unref();
  };
  const remove = output.listen(lookAll);
  lookAll();
  return {
    expectCommand: (id) => commands.add(id),
    close: () => {
      clearTimeout(timer);
      clearTimeout(overdue);
      remove();
    },
  };
}
