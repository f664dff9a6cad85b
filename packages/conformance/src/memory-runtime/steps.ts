import type { Instruction, RunOutcome, Usage } from '@runtime/contracts';
import type { Exit, Launch, SessionEvent } from '@runtime/contracts/adapter';

/** What a scripted agent gets for its question: a choice, a text, or neither when the request was cancelled. */
export interface ScriptedDecision {
  readonly choice?: string | undefined;
  readonly value?: string | undefined;
}

/** One thing that the agent does in a turn. Steps are taken one after the other; between two of them a steer may come in. */
export type MemoryStep =
  /** One assistant message; an array is streamed piece by piece. Observes what was delivered before it. */
  | { readonly do: 'say'; readonly text: string | readonly string[] }
  | { readonly do: 'think'; readonly text: string }
  /** Raw output, as of a runtime without messages. */
  | { readonly do: 'print'; readonly text: string; readonly to?: 'stdout' | 'stderr' }
  | {
      readonly do: 'tool';
      readonly name: string;
      readonly input?: ToolInput;
      readonly output?: string;
      /** @default true */
      readonly ok?: boolean;
      /** Done while the tool runs. */
      readonly steps?: readonly MemoryStep[];
    }
  /** Asks for an approval and waits for the answer. @default choices 'allow' and 'deny' */
  | {
      readonly do: 'ask';
      readonly title: string;
      readonly kind?: 'tool' | 'dialog';
      readonly choices?: Extract<SessionEvent, { type: 'approval.requested' }>['choices'];
      readonly input?: boolean;
      /** What follows; a cancelled request is answered with no choice. (Not `then`: a step must not look like a promise.) */
      readonly answered: (decision: ScriptedDecision) => readonly MemoryStep[];
    }
  /** Writes a file of the workspace, making the folders above it. */
  | { readonly do: 'write'; readonly path: string; readonly text: string }
  | { readonly do: 'usage'; readonly usage: Usage }
  /** Any event as it is; the order of `eventRules` is the script's own business. */
  | { readonly do: 'emit'; readonly event: SessionEvent }
  | { readonly do: 'wait'; readonly ms: number }
  /** Waits until a file exists, or for a promise. Only an interrupt or the end of the run gets past it. */
  | { readonly do: 'gate'; readonly until: string | Promise<unknown> }
  /** Waits until a steer has come in. */
  | { readonly do: 'listen' }
  | { readonly do: 'hang' }
  /** From now on `stop` has to wait its grace. */
  | { readonly do: 'ignoreStop' }
  /** Ends the turn with this outcome instead of `succeeded`. */
  | { readonly do: 'end'; readonly outcome: RunOutcome }
  /** The process ends in the middle of the turn, and its exit is seen. */
  | { readonly do: 'exit'; readonly exit: Exit }
  /** The process is gone and nobody saw its exit: it is `dead`. */
  | { readonly do: 'vanish' };

type ToolInput = NonNullable<Extract<SessionEvent, { type: 'tool.started' }>['input']>;

/** What was said in a conversation, oldest first. */
export interface MemoryMessage {
  readonly from: 'user' | 'agent';
  readonly text: string;
}

/** What a script may know about the turn it plays. */
export interface MemoryTurn {
  readonly turnId: string;
  /** What opened the turn; for a second round of the same turn the steer that came too late for the first. */
  readonly instruction: Instruction;
  /** The instruction's text. */
  readonly text: string;
  readonly launch: Launch;
  /** The whole conversation, with this instruction and those of runs before that were resumed. It grows while the turn runs: steers come in here. */
  readonly history: readonly MemoryMessage[];
  /** Aborted by an interrupt and by the end of the run. */
  readonly signal: AbortSignal;
}

/** Makes the steps of a turn. An async generator may look at the world between its steps. */
export type MemoryScript = (turn: MemoryTurn) => Iterable<MemoryStep> | AsyncIterable<MemoryStep>;
