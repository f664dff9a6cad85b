import { abortable } from '@runtime/contracts';
import {
  AgentRuntimeError,
  type Decision,
  type ErrorCode,
  type Instruction,
  type Resolution,
} from '@runtime/contracts';
import type { RuntimeSession } from '@runtime/contracts/adapter';
import {
  currentRun,
  openApprovals,
  type InstructionState,
  type RunState,
  type TaskState,
} from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';
import { openingInstruction } from './prompts.ts';
import type { TaskActor } from '../task/task-actor.ts';

/** A log that takes nothing more has told the plane, which lets go; whoever opens it again goes on from there. */
const unheard = (): void => undefined;

/** What a session throws when provably nothing was sent. Whatever else it throws, nobody can tell. */
const unsent: ReadonlySet<ErrorCode> = new Set([
  'UNSUPPORTED',
  'CONFLICT',
  'UNAVAILABLE',
  'UNAUTHENTICATED',
  'INVALID_ARGUMENT',
]);

/**
 * What a session is told: instructions, decisions, interrupts. One instruction at a time, each durable as `sending` before its first byte;
 * decisions and interrupts do not wait behind them.
 */
export class Deliveries {
  readonly #actor: TaskActor;
  readonly #session: RuntimeSession;
  /** Handed over by this process. What an earlier one was sending is handed over again: the session sends an id at most once. */
  readonly #sent = new Set<string>();
  readonly #answered = new Set<string>();
  #sending: Promise<void> | undefined;
  #interrupting: Promise<void> | undefined;
  #interrupted = false;
  readonly #answering = new Set<Promise<void>>();

  constructor(actor: TaskActor, session: RuntimeSession) {
    this.#actor = actor;
    this.#session = session;
  }

  /** Starts whatever is due and is not under way. */
  work(): void {
    const run = currentRun(this.#actor.state);
    if (!run || run.status !== 'active') return;
    this.#workInterrupt(run);
    this.#workAnswers(run);
    if (this.#sending || this.#interrupting) return;
    const next = nextToSend(this.#actor.state, run, this.#sent);
    if (next) {
      this.#sending = this.#send(run, next)
        .catch(unheard)
        .finally(() => {
          this.#sending = undefined;
          this.#actor.bell.ring();
        });
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled([this.#sending, this.#interrupting, ...this.#answering]);
  }

  async #send(run: RunState, next: InstructionState): Promise<void> {
    const { ctx } = this.#actor;
    const { id } = next;
    const refusal = whyNot(run, next, ctx.clock());
    if (refusal !== undefined) return this.#settle(id, 'instruction.declined', refusal);
    const instruction = instructionOf(this.#actor.state, run, next);
    await this.#actor.record((state) =>
      state.instructions[id]?.level === 'queued'
        ? [{ type: 'instruction.sending', instructionId: id, runId: run.runId }]
        : [],
    );
    this.#sent.add(id);
    try {
      await ctx.failpoint('send.before');
      await this.#session.send(instruction);
      await ctx.failpoint('send.after');
    } catch (thrown) {
      if (ctx.closing.aborted) return;
      const error = AgentRuntimeError.from(thrown);
      const refused = unsent.has(error.code);
      await this.#settle(id, refused ? 'instruction.declined' : 'instruction.unknown', error.rawMessage);
      return;
    }
    if (run.capabilities?.steer === 'unknown' && next.mode !== 'prompt') {
      await this.#settle(id, 'instruction.unknown', 'the runtime cannot show what became of it');
    }
  }

  /** Unless the backend said something better in the meantime. */
  async #settle(id: string, type: 'instruction.declined' | 'instruction.unknown', reason: string): Promise<void> {
    await this.#actor.record((state) => {
      const level = state.instructions[id]?.level;
      return level === 'queued' || level === 'sending'
        ? [{ type, instructionId: id, reason: reason.slice(0, 2000) }]
        : [];
    });
  }

  #workInterrupt(run: RunState): void {
    if (!run.interrupted || !run.turn) {
      this.#interrupted = false;
      return;
    }
    if (this.#interrupted) return;
    this.#interrupted = true;
    const { ctx } = this.#actor;
    const interrupt = async (): Promise<void> => {
      await ctx.failpoint('interrupt.before');
      await abortable(this.#session.interrupt(), AbortSignal.timeout(ctx.tuning.overdueMs));
      await ctx.failpoint('interrupt.after');
    };
    this.#interrupting = interrupt()
      .catch(() => this.#stopInstead())
      .catch(unheard)
      .finally(() => {
        this.#interrupting = undefined;
        this.#actor.bell.ring();
      });
  }

  /** A turn that cannot be ended with its session kept is ended with it: the intent was to stop. */
  async #stopInstead(): Promise<void> {
    if (this.#actor.ctx.closing.aborted) return;
    await this.#actor.record((state) => {
      const run = currentRun(state);
      return run && run.turn && run.status === 'active'
        ? [{ type: 'run.stopping', runId: run.runId, cause: 'lost_control' }]
        : [];
    });
  }

  #workAnswers(run: RunState): void {
    for (const approval of Object.values(this.#actor.state.approvals)) {
      if (approval.runId !== run.runId || !approval.resolution || this.#answered.has(approval.id)) continue;
      this.#answered.add(approval.id);
      if (approval.by === 'runtime') continue;
      const answering = this.#answer(approval.id, approval.resolution)
        .catch(unheard)
        .finally(() => this.#answering.delete(answering));
      this.#answering.add(answering);
    }
  }

  async #answer(approvalId: string, resolution: Resolution): Promise<void> {
    const { ctx } = this.#actor;
    const decision: Decision | 'cancelled' = resolution.kind === 'cancelled' ? 'cancelled' : resolution.decision;
    try {
      await ctx.failpoint('answer.before');
      await this.#session.answer(approvalId, decision);
      await ctx.failpoint('answer.after');
    } catch (thrown) {
      if (ctx.closing.aborted) return;
      const { code } = AgentRuntimeError.from(thrown);
      // NOT_FOUND: it no longer waits, for instance because an earlier owner had told it already.
      if (code === 'NOT_FOUND' || code === 'UNAVAILABLE') return;
      await this.#actor.record((state) => {
        const run = currentRun(state);
        return run?.turn && run.status === 'active'
          ? [{ type: 'interrupt.requested', runId: run.runId, by: 'plane', why: 'a decision could not be delivered' }]
          : [];
      });
    }
  }
}

function nextToSend(state: TaskState, run: RunState, sent: ReadonlySet<string>): InstructionState | undefined {
  const opening = state.instructions[run.instructionId];
  const launched = run.capabilities?.firstInstruction === 'launch';
  const opened = launched || (opening !== undefined && opening.level !== 'queued' && opening.level !== 'sending');
  const carried = new Set(run.carries);
  return Object.values(state.instructions).find(({ id, level, mode }) => {
    const pending = level === 'queued' || (level === 'sending' && !sent.has(id));
    if (!pending || carried.has(id)) return false;
    if (id === run.instructionId) return !launched;
    return mode !== 'prompt' && opened;
  });
}

function whyNot(run: RunState, next: InstructionState, now: number): string | undefined {
  if (next.level !== 'queued') return undefined;
  if (next.expiresAt !== undefined && now > next.expiresAt) return 'it expired before it could be sent';
  if (next.ifTurn !== undefined && run.turn?.turnId !== next.ifTurn) return `turn ${next.ifTurn} is not running`;
  if (next.mode === 'steer' && run.capabilities?.steer === 'none') return 'the runtime cannot be steered';
  if (next.mode === 'followUp' && run.capabilities?.followUp === false) return 'the runtime takes no follow-up';
  return undefined;
}

function instructionOf(state: TaskState, run: RunState, next: InstructionState): Instruction {
  if (next.id === run.instructionId) return openingInstruction(state, run);
  return {
    id: next.id,
    mode: next.mode,
    parts: [...(next.parts ?? [])],
    ...(next.expiresAt === undefined ? {} : { expiresAt: next.expiresAt }),
    ...(next.ifTurn === undefined ? {} : { ifTurn: next.ifTurn }),
  };
}

/** Gives the default answer to what nobody answered in time. True when it did something. */
export async function expireApprovals(actor: TaskActor, now: number): Promise<boolean> {
  const due = openApprovals(actor.state).filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now);
  if (due.length === 0) return false;
  await actor.record((state) =>
    openApprovals(state)
      .filter(({ id }) => due.some((each) => each.id === id))
      .map(({ id, choices }): NewEvent => {
        const deny = choices.find((choice) => choice.kind === 'deny');
        const resolution = deny ? { kind: 'expired', decision: { choice: deny.id } } : { kind: 'cancelled' };
        return { type: 'approval.resolved', approvalId: id, resolution, by: 'clock' };
      }),
  );
  return true;
}
