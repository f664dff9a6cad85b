import type { PiOutput } from '../read/pi-output.ts';
import { restSuffix, seemsAtRest } from '../translate/life.ts';
import { handledSuffix } from '../translate/responses.ts';
import type { PiInput } from './pi-input.ts';

/** After a compaction Pi may continue by itself; within this time, in ms, it would have. */
const graceMs = 250;
/** How long to wait, in ms, before asking a busy Pi again. */
const againMs = 1000;
/** A slash command that begins a turn does so within this time, in ms. */
const handledMs = 250;

/**
 * Asks a Pi that does not report `agent_settled` whether it is idle, and asks any Pi what became of a slash command
 * that began no turn. This only asks: the answers are in the output, where the translator ends the turn.
 */
export function watchRest(output: PiOutput, input: PiInput): { expectCommand(id: string): void; close(): void } {
  const commands = new Set<string>();
  let asked = 0;
  let timer: NodeJS.Timeout | undefined;
  const ask = (suffix: string): void => {
    // Pi has ended or hangs. The plane's time limits handle that.
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
    // Declined, or an ordinary prompt whose turn has begun.
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
