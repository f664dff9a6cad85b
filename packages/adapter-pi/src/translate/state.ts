import type { Dialog } from './dialogs.ts';
import { newTrail, type InstructionTrail } from './instructions.ts';
import { newLife, type Life } from './life.ts';
import type { OpenMessage } from './messages.ts';
import { newModelTrail, type ModelTrail } from './models.ts';
import type { LastMessage } from './outcome.ts';
import type { OpenTools } from './tools.ts';
import { noUsage, type UsageSum } from './usage.ts';

/**
 * Everything that the translator remembers between records. `newTranslatorState` makes it; only `translate` and
 * `endAtExit` change it, in place. It is plain data, so that `structuredClone` copies it. It is never stored: a later
 * owner rebuilds it from the beginning of Pi's output.
 */
export interface TranslatorState {
  readonly life: Life;
  readonly trail: InstructionTrail;
  readonly tools: OpenTools;
  readonly dialogs: Map<string, Dialog>;
  /** Of this process: Pi does not count the usage of earlier processes of the session. */
  readonly total: UsageSum;
  /** Of the current turn. */
  turn: UsageSum;
  /** The number of assistant messages so far, which is the id of the last one. */
  messages: number;
  /** The assistant message that is being written. */
  message: OpenMessage | undefined;
  /** An assistant message that ended in an error, and that Pi may retry. */
  failed: { readonly message: OpenMessage; readonly reason: string } | undefined;
  /** How the last assistant message of the turn ended. */
  last: LastMessage | undefined;
  readonly model: ModelTrail;
  /** The last attempt of the retry that has not ended. */
  retry: number | undefined;
  /** A compaction was told and has not ended. */
  compacts: boolean;
  /** How long Pi paused before its last attempt in this turn, in ms. */
  pauseMs: number;
  agentSessionId: string | undefined;
}

export const newTranslatorState = (): TranslatorState => ({
  life: newLife(),
  trail: newTrail(),
  tools: new Map(),
  dialogs: new Map(),
  total: noUsage(),
  turn: noUsage(),
  messages: 0,
  message: undefined,
  failed: undefined,
  last: undefined,
  model: newModelTrail(),
  retry: undefined,
  compacts: false,
  pauseMs: 0,
  agentSessionId: undefined,
});

export const turnIdOf = ({ life }: Pick<TranslatorState, 'life'>): string => String(life.turns);
