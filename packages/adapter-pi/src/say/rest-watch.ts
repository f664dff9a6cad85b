import { restSuffix, seemsAtRest } from '../translate/life.ts';
import type { PiInput } from './pi-input.ts';
import { handledSuffix } from '../translate/responses.ts';
import type { PiOutput } from '../read/pi-output.ts';

/** After a compaction Pi may go on by itself; this much later it would have. */
const graceMs = 250;
/** Between two questions while Pi says that it still works. */
const againMs = 1000;
/** After this a command of an extension would have begun a turn if it were to. */
const handledMs = 250;

/**
 * Asks Pi whether it rests where its version does not say so by itself, and what became of a slash command that no turn followed.
 * The answers are in the output, and the translator ends the turn there: nothing here does.
 */
export function watchRest(output: PiOutput, input: PiInput): { expectCommand(id: string): void; close(): void } {
  const commands = new Set<string>();
  let asked = 0;
  let timer: NodeJS.Timeout | undefined;
  const ask = (suffix: string): void => {
    // Unanswered because the process ended, or hangs: the run's clocks see to that.
    input.ask('get_state', { suffix }).catch(() => {});
  };
  const later = (ms: number, what: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(what, ms).unref();
  };
  const askRest = (): void => {
    if (!seemsAtRest(output.state.life)) return;
    ask(restSuffix(output.state.life.rests));
    later(againMs, askRest);
  };
  const askHandled = (): void => {
    if (isIdleCommand()) ask(handledSuffix);
  };
  const isIdleCommand = (): boolean => {
    const { life, trail } = output.state;
    // Declined, or begun as an ordinary prompt.
    for (const id of commands) if (output.answered.has(id) && !trail.starting.includes(id)) commands.delete(id);
    return !life.open && trail.starting.some((id) => commands.has(id));
  };
  const look = (): void => {
    const { life } = output.state;
    if (seemsAtRest(life) && asked !== life.rests) {
      asked = life.rests;
      later(life.afterCompaction ? graceMs : 0, askRest);
    } else if (commands.size > 0 && isIdleCommand()) {
      later(handledMs, askHandled);
    }
  };
  const remove = output.listen(look);
  look();
  return {
    expectCommand: (id) => commands.add(id),
    close: () => {
      clearTimeout(timer);
      remove();
    },
  };
}
