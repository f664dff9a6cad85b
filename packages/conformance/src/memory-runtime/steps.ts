import type { Instruction, RunOutcome, Usage } from '@runtime/contracts';
import type { Exit, Launch, SessionEvent } from '@runtime/contracts/adapter';

/** The answer to a scripted agent's question: a choice, a text, or neither when the request was cancelled. */
export interface ScriptedDecision {
  readonly choice?: string | undefined;
  readonly value?: string | undefined;
}

/** One thing that the agent does in a turn. Steps are played in order; between two steps steers are delivered. */
export type MemoryStep =
  /** One assistant message; an array is streamed piece by piece. It proves that earlier instructions were observed. */
  | { readonly do: 'say'; readonly text: string | readonly string[] }
  /** One reasoning message. */
  | { readonly do: 'think'; readonly text: string }
  /** Raw output, as of a runtime without messages. @default to 'stdout' */
  | { readonly do: 'print'; readonly text: string; readonly to?: 'stdout' | 'stderr' }
  /** Calls a tool. */
  | {
      readonly do: 'tool';
      readonly name: string;
      readonly input?: ToolInput;
      readonly output?: string;
      /** @default true */
      readonly ok?: boolean;
      /** Played while the tool runs. */
      readonly steps?: readonly MemoryStep[];
    }
  /** Asks for an approval and waits for the answer. @default choices 'allow' and 'deny' */
  | {
      readonly do: 'ask';
      readonly title: string;
      readonly kind?: 'tool' | 'dialog';
      readonly choices?: Extract<SessionEvent, { type: 'approval.requested' }>['choices'];
      readonly input?: boolean;
      /** The steps after the answer. Not called `then`: a step must not look like a promise. */
      readonly answered: (decision: ScriptedDecision) => readonly MemoryStep[];
    }
  /** Writes a file in the workspace and makes the folders above it. */
  | { readonly do: 'write'; readonly path: string; readonly text: string }
  /** Reports usage. */
  | { readonly do: 'usage'; readonly usage: Usage }
  /** Reports any event as it is. The script has to keep the order of `eventRules`. */
  | { readonly do: 'emit'; readonly event: SessionEvent }
  /** Waits so many milliseconds. */
  | { readonly do: 'wait'; readonly ms: number }
  /** Waits until a file exists, or for a promise. Only an interrupt or the end of the run ends it earlier. */
  | { readonly do: 'gate'; readonly until: string | Promise<unknown> }
  /** Waits until a steer comes in. */
  | { readonly do: 'listen' }
  /** Never ends by itself. */
  | { readonly do: 'hang' }
  /** From now on `stop` has to wait for its grace. */
  | { readonly do: 'ignoreStop' }
  /** Ends the turn with this outcome instead of `succeeded`. */
  | { readonly do: 'end'; readonly outcome: RunOutcome }
  /** Ends the process in the middle of the turn, with an observed exit. */
  | { readonly do: 'exit'; readonly exit: Exit }
  /** Ends the process without an observed exit: the run is `dead`. */
  | { readonly do: 'vanish' };

type ToolInput = NonNullable<Extract<SessionEvent, { type: 'tool.started' }>['input']>;

/** One message of a conversation. */
export interface MemoryMessage {
  readonly from: 'user' | 'agent';
  readonly text: string;
}

/** What a script knows about the turn it plays. */
export interface MemoryTurn {
  readonly turnId: string;
  /** The instruction that opened the turn. In a second round of the turn: the steer that came after the last step. */
  readonly instruction: Instruction;
  /** The text of the instruction. */
  readonly text: string;
  readonly launch: Launch;
  /** The conversation so far, oldest first, with the runs that were resumed. Steers are added while the turn runs. */
  readonly history: readonly MemoryMessage[];
  /** Aborted by an interrupt and by the end of the run. */
  readonly signal: AbortSignal;
}

/** Makes the steps of a turn. A generator is asked for the next step only when the last one was played. */
export type MemoryScript = (turn: MemoryTurn) => Iterable<MemoryStep> | AsyncIterable<MemoryStep>;
