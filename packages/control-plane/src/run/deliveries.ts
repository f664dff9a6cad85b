import {
  abortable,
  AgentRuntimeError,
  type Decision,
  type ErrorCode,
  type Instruction,
  type Resolution,
  type TaskEventOf,
} from '@runtime/contracts';
import type { RuntimeSession } from '@runtime/contracts/adapter';
import {
  currentRun,
  openApprovals,
  type ApprovalState,
  type InstructionState,
  type RunState,
  type TaskState,
} from '@runtime/contracts/fold';
import { openingInstruction } from './prompts.ts';
import type { Task } from '../task/task.ts';

/** The log reported the failure to the plane already, which closes; the next owner goes on from the log. */
const ignoreLogFailure = (): void => undefined;

/**
 * The codes with which `RuntimeSession.send` proves that nothing was sent. After any other code the outcome is unknown.
 */
const nothingSent: ReadonlySet<ErrorCode> = new Set([
  'UNSUPPORTED',
  'CONFLICT',
  'UNAVAILABLE',
  'UNAUTHENTICATED',
  'INVALID_ARGUMENT',
]);

/**
 * Delivers instructions, decisions and interrupts to a session. Instructions go one at a time, each durable as
 * `sending` before its first byte; decisions and interrupts do not wait behind them.
 */
export class Deliveries {
  readonly #task: Task;
  readonly #session: RuntimeSession;
  /**
   * Sent by this process. An instruction that an earlier owner was sending is sent again: a session sends an id at most
   * once.
   */
  readonly #sent = new Set<string>();
  readonly #answered = new Set<string>();
  #sending: Promise<void> | undefined;
  #interrupting: Promise<void> | undefined;
  #interrupted = false;
  readonly #answering = new Set<Promise<void>>();

  constructor(task: Task, session: RuntimeSession) {
    this.#task = task;
    this.#session = session;
  }

  /** Starts every delivery that is due and not under way yet. */
  work(): void {
    const run = currentRun(this.#task.state);
    if (!run || run.status !== 'active') return;
    this.#workInterrupt(run);
    this.#workAnswers(run);
    if (this.#sending || this.#interrupting) return;
    const next = nextToSend(this.#task.state, run, this.#sent);
    if (next) {
      this.#sending = this.#send(run, next)
        .catch(ignoreLogFailure)
        .finally(() => {
          this.#sending = undefined;
          this.#task.bell.ring();
        });
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled([this.#sending, this.#interrupting, ...this.#answering]);
  }

  async #send(run: RunState, next: InstructionState): Promise<void> {
    const { ctx } = this.#task;
    const { startTimeoutMs, overdueMs } = ctx.tuning;
    const { id } = next;
    const refusal = refusalOf(run, next, ctx.clock());
    if (refusal !== undefined) return this.#settle(id, 'instruction.declined', refusal);
    const instruction = instructionOf(this.#task.state, run, next);
    await this.#task.record((state) =>
      state.instructions[id]?.level === 'queued'
        ? [{ type: 'instruction.sending', instructionId: id, runId: run.runId }]
        : [],
    );
    this.#sent.add(id);
    try {
      await ctx.failpoint('send.before');
      // A backend that takes nothing and refuses nothing is not waited for: nobody would ever say what became of it.
      await abortable(this.#session.send(instruction), AbortSignal.timeout(startTimeoutMs + overdueMs));
      await ctx.failpoint('send.after');
    } catch (thrown) {
      if (ctx.closing.aborted) return;
      const error = AgentRuntimeError.from(thrown);
      const refused = nothingSent.has(error.code);
      await this.#settle(id, refused ? 'instruction.declined' : 'instruction.unknown', error.rawMessage);
      return;
    }
    if (run.capabilities?.steer === 'unknown' && next.mode !== 'prompt') {
      await this.#settle(id, 'instruction.unknown', 'The runtime cannot show what became of this instruction');
    }
  }

  /** Records the end of a delivery, unless the backend reported better evidence meanwhile. */
  async #settle(id: string, type: 'instruction.declined' | 'instruction.unknown', reason: string): Promise<void> {
    await this.#task.record((state) => {
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
    const { ctx } = this.#task;
    const interrupt = async (): Promise<void> => {
      await ctx.failpoint('interrupt.before');
      await abortable(this.#session.interrupt(), AbortSignal.timeout(ctx.tuning.overdueMs));
      await ctx.failpoint('interrupt.after');
    };
    this.#interrupting = interrupt()
      .catch(() => this.#stopInstead())
      .catch(ignoreLogFailure)
      .finally(() => {
        this.#interrupting = undefined;
        this.#task.bell.ring();
      });
  }

  /** Stops the run when its turn cannot be interrupted with the session kept: the intent was to stop. */
  async #stopInstead(): Promise<void> {
    if (this.#task.ctx.closing.aborted) return;
    await this.#task.record((state) => {
      const run = currentRun(state);
      return run && run.turn && run.status === 'active'
        ? [{ type: 'run.stopping', runId: run.runId, cause: 'lost_control' }]
        : [];
    });
  }

  #workAnswers(run: RunState): void {
    for (const approval of Object.values(this.#task.state.approvals)) {
      if (approval.runId !== run.runId || !approval.resolution || this.#answered.has(approval.id)) continue;
      this.#answered.add(approval.id);
      if (approval.by === 'runtime') continue;
      const answering = this.#answer(approval.id, approval.resolution)
        .catch(ignoreLogFailure)
        .finally(() => this.#answering.delete(answering));
      this.#answering.add(answering);
    }
  }

  async #answer(approvalId: string, resolution: Resolution): Promise<void> {
    const { ctx } = this.#task;
    const decision: Decision | 'cancelled' = resolution.kind === 'cancelled' ? 'cancelled' : resolution.decision;
    try {
      await ctx.failpoint('answer.before');
      await abortable(this.#session.answer(approvalId, decision), AbortSignal.timeout(ctx.tuning.overdueMs));
      await ctx.failpoint('answer.after');
    } catch (thrown) {
      if (ctx.closing.aborted) return;
      const { code } = AgentRuntimeError.from(thrown);
      // NOT_FOUND: the backend no longer waits, for instance because an earlier owner delivered the decision.
      if (code === 'NOT_FOUND' || code === 'UNAVAILABLE') return;
      await this.#task.record((state) => {
        const run = currentRun(state);
        return run?.turn && run.status === 'active'
          ? [{ type: 'interrupt.requested', runId: run.runId, by: 'plane', why: 'A decision could not be delivered' }]
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

function refusalOf(run: RunState, next: InstructionState, now: number): string | undefined {
  if (next.level !== 'queued') return undefined;
  if (next.expiresAt !== undefined && now > next.expiresAt) return 'The instruction expired before it could be sent';
  if (next.ifTurn !== undefined && run.turn?.turnId !== next.ifTurn) return `Turn ${next.ifTurn} is not running`;
  if (next.mode === 'steer' && run.capabilities?.steer === 'none') return 'The runtime cannot be steered';
  if (next.mode === 'followUp' && run.capabilities?.followUp === false) return 'The runtime takes no follow-up';
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

/** Open approvals whose time is over. */
export function dueApprovals(state: TaskState, now: number): ApprovalState[] {
  return openApprovals(state).filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now);
}

/** Gives the default answer (deny, else cancel) to approvals whose time is over. */
export async function expireApprovals(task: Task, now: number): Promise<void> {
  if (dueApprovals(task.state, now).length === 0) return;
  await task.record((state) =>
    dueApprovals(state, now).map(({ id, choices }): TaskEventOf<'approval.resolved'> => {
      const deny = choices.find((choice) => choice.kind === 'deny');
      const resolution: Resolution = deny ? { kind: 'expired', decision: { choice: deny.id } } : { kind: 'cancelled' };
      return { type: 'approval.resolved', approvalId: id, resolution, by: 'clock' };
    }),
  );
}
