import {
  AgentRuntimeError,
  instructionText,
  type Decision,
  type Instruction,
  type RunOutcome,
  type RuntimeCapabilities,
} from '@runtime/contracts';
import { codeOfSignal, type Attach, type Exit, type Launch, type SessionEvent } from '@runtime/contracts/adapter';
import { Journal } from './journal.ts';
import { playSteps } from './play-steps.ts';
import { redactPieces } from './redact.ts';
import type { RunControls } from './run-controls.ts';
import type { MemoryMessage, MemoryScript, ScriptedDecision } from './steps.ts';

/** What a run is started with. */
export interface MemoryRunInit {
  readonly launch: Launch;
  readonly capabilities: RuntimeCapabilities;
  readonly version: string;
  readonly attach: Attach | undefined;
  readonly agentSessionId: string;
  /** Shared with the runs that resume it. */
  readonly history: MemoryMessage[];
  readonly script: MemoryScript;
}

interface RunningTurn {
  readonly turnId: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

type Pending = { readonly settle: (decision: ScriptedDecision) => void };

/** Stands for an agent's process: takes instructions, plays its script and writes to its journal. */
export class MemoryRun {
  readonly init: MemoryRunInit;
  readonly journal = new Journal();
  /** The observed exit. Undefined while the run lives, and for good when it vanished. */
  exit: Exit | undefined;
  hasEnded = false;
  ignoresStop = false;
  #turn: RunningTurn | undefined;
  #turns = 0;
  #ids = 0;
  /** Its journal stands for a file: what it holds is what counts against the limit. */
  #written = 0;
  #incoming: Instruction[] = [];
  #steers: Instruction[] = [];
  #onSteer: (() => void) | undefined;
  readonly #accepted = new Set<string>();
  readonly #unobserved = new Set<string>();
  readonly #approvals = new Map<string, Pending>();
  readonly #answered = new Map<string, string>();

  constructor(init: MemoryRunInit) {
    this.init = init;
    this.journal.append({ type: 'session.opened', agentSessionId: init.agentSessionId });
    if (init.capabilities.firstInstruction === 'launch') this.accept(init.launch.instruction);
  }

  get turnId(): string | undefined {
    return this.#turn?.turnId;
  }

  /**
   * Accepts an instruction, once: a new owner sends again what an earlier one was sending. A steer joins the running
   * turn, everything else waits for the end of it.
   */
  accept(instruction: Instruction): void {
    if (this.#accepted.has(instruction.id)) return;
    this.#accepted.add(instruction.id);
    const steers = instruction.mode === 'steer' && this.#turn !== undefined;
    if (!steers || this.#proves('accepted'))
      this.journal.append({ type: 'instruction.accepted', instructionId: instruction.id });
    if (!steers) {
      this.#incoming.push(instruction);
      this.#startNextTurn();
      return;
    }
    this.#steers.push(instruction);
    this.#onSteer?.();
  }

  /** Passes the decision to the script. Throws NOT_FOUND unless the approval waits, or got the same decision before. */
  answer(approvalId: string, decision: Decision | 'cancelled'): void {
    const given = JSON.stringify(decision);
    const pending = this.#approvals.get(approvalId);
    if (!pending) {
      if (!this.hasEnded && this.#answered.get(approvalId) === given) return;
      throw new AgentRuntimeError('NOT_FOUND', `the agent does not wait for approval ${approvalId}`);
    }
    this.#approvals.delete(approvalId);
    this.#answered.set(approvalId, given);
    pending.settle(decision === 'cancelled' ? {} : decision);
  }

  /** Ends the turn and declines the queued instructions. Resolves when the agent rests. */
  async interrupt(): Promise<void> {
    for (const { id } of [...this.#steers.splice(0), ...this.#incoming.splice(0)]) {
      this.journal.append({ type: 'instruction.declined', instructionId: id, reason: 'the turn was interrupted' });
    }
    const turn = this.#turn;
    turn?.abort.abort(new Error('interrupted'));
    await turn?.done;
  }

  /** Ends the process and the running turn. Without an exit, none was observed. Only the first call counts. */
  end(exit: Exit | undefined, outcome = outcomeOf(exit)): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.exit = exit;
    const turn = this.#turn;
    if (turn) this.journal.append({ type: 'turn.ended', turnId: turn.turnId, outcome });
    this.journal.close();
    this.#approvals.clear();
    turn?.abort.abort(new Error('the process ended'));
  }

  #startNextTurn(): void {
    if (this.#turn || this.hasEnded) return;
    const instruction = this.#incoming.shift();
    if (!instruction) return;
    const abort = new AbortController();
    const turnId = String((this.#turns += 1));
    const done = this.#play(instruction, turnId, abort.signal);
    this.#turn = { turnId, abort, done };
  }

  async #play(opening: Instruction, turnId: string, signal: AbortSignal): Promise<void> {
    // `#turn` is set only after this call: the first event has to wait for it.
    await Promise.resolve();
    this.#emit({ type: 'turn.started', turnId, instructionId: opening.id });
    this.#deliver(opening, turnId);
    let outcome: RunOutcome = { status: 'succeeded' };
    try {
      // A steer that came after the last step goes into a second round of the same turn.
      for (let instruction: Instruction | undefined = opening; instruction; instruction = this.#takeSteer()) {
        const scripted = await playSteps(this.#script(instruction, turnId, signal), this.#controls(signal));
        if (!scripted) continue;
        outcome = scripted;
        break;
      }
    } catch (error) {
      if (!signal.aborted) return this.#crash(error);
      outcome = { status: 'cancelled' };
    }
    this.#emit({ type: 'turn.ended', turnId, outcome });
    // In the same tick as the event: a steer must never find a turn that has ended.
    this.#turn = undefined;
    this.#incoming.unshift(...this.#steers.splice(0));
    this.#startNextTurn();
  }

  #crash(error: unknown): void {
    this.journal.append({ type: 'output.delta', source: 'stderr', text: String(error).slice(0, 8192) });
    this.end({ kind: 'exited', code: 1 });
  }

  #script(instruction: Instruction, turnId: string, signal: AbortSignal): ReturnType<MemoryScript> {
    const { launch, history, script } = this.init;
    const text = instructionText(instruction.parts);
    return script({ turnId, instruction, text, launch, history, signal });
  }

  #deliver(instruction: Instruction, turnId: string): void {
    this.init.history.push({ from: 'user', text: instructionText(instruction.parts) });
    if (instruction.mode === 'steer' && !this.#proves('delivered')) return;
    this.#emit({ type: 'instruction.delivered', instructionId: instruction.id, turnId });
    if (instruction.mode !== 'steer' || this.#proves('observed')) this.#unobserved.add(instruction.id);
  }

  #takeSteer(): Instruction | undefined {
    const steer = this.#steers.shift();
    if (steer && this.#turn) this.#deliver(steer, this.#turn.turnId);
    return steer;
  }

  #emit(...events: SessionEvent[]): void {
    if (this.hasEnded) return;
    this.journal.append(...events);
    this.#written += JSON.stringify(events).length;
    const { maxOutputBytes = Infinity } = this.init.launch;
    if (this.#written <= maxOutputBytes) return;
    this.end({ kind: 'signaled', signal: 'SIGKILL' }, { status: 'failed', code: 'output_limit' });
  }

  #proves(level: 'accepted' | 'delivered' | 'observed'): boolean {
    const order = ['none', 'unknown', 'accepted', 'delivered', 'observed'];
    return order.indexOf(this.init.capabilities.steer) >= order.indexOf(level);
  }

  #controls(signal: AbortSignal): RunControls {
    const { launch, history } = this.init;
    return {
      workspace: launch.workspace,
      signal,
      emit: (...events) => this.#emit(...events),
      redact: (pieces) => redactPieces(pieces, launch.secrets),
      nextId: (prefix) => `${prefix}-${(this.#ids += 1)}`,
      recordReply: (text) => {
        history.push({ from: 'agent', text });
        for (const instructionId of this.#unobserved) this.#emit({ type: 'instruction.observed', instructionId });
        this.#unobserved.clear();
      },
      takeSteers: () => {
        let taken = false;
        while (this.#takeSteer()) taken = true;
        return taken;
      },
      nextSteer: () => this.#nextSteer(),
      waitForAnswer: (approvalId) => new Promise((settle) => this.#approvals.set(approvalId, { settle })),
      ignoreStop: () => {
        this.ignoresStop = true;
      },
      endProcess: (exit) => this.end(exit),
    };
  }

  #nextSteer(): Promise<void> {
    if (this.#steers.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSteer = resolve;
    });
  }
}

/** The outcome of a turn that the end of the process cut short. */
function outcomeOf(exit: Exit | undefined): RunOutcome {
  if (!exit || exit.kind === 'unknown') return { status: 'lost', code: 'unknown' };
  if (exit.kind === 'signaled') return { status: 'failed', code: codeOfSignal(exit.signal), message: exit.signal };
  return exit.code === 0
    ? { status: 'succeeded' }
    : { status: 'failed', code: 'exit_code', message: `exit ${exit.code}` };
}
