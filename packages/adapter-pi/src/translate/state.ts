import type { Dialog } from './dialogs.ts';
import { newLife, type Life } from './life.ts';
import { newTrail, type InstructionTrail } from './instructions.ts';
import type { OpenMessage } from './messages.ts';
import type { LastMessage } from './outcome.ts';
import type { OpenTool } from './tools.ts';
import { noUsage, type UsageSum } from './usage.ts';

/** Everything the translator knows. Rebuilt by reading Pi's output from its beginning; never stored. */
export interface TranslatorState {
  readonly life: Life;
  readonly trail: InstructionTrail;
  readonly tools: Map<string, OpenTool>;
  readonly dialogs: Map<string, Dialog>;
  /** Of this process: Pi does not count what an earlier process of the session took. */
  readonly total: UsageSum;
  turn: UsageSum;
  /** Assistant messages so far; the number is the id. */
  messages: number;
  message: OpenMessage | undefined;
  /** Ended in an error, and may be tried again. */
  failed: { readonly message: OpenMessage; readonly reason: string } | undefined;
  last: LastMessage | undefined;
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
  agentSessionId: undefined,
});

export const turnIdOf = ({ life }: Pick<TranslatorState, 'life'>): string => String(life.turns);
