import type { CursoredEvent, PlaneEvents } from '@runtime/contracts';
import { AgentRuntimeError } from '@runtime/contracts/base';
import { EventEmitter } from 'eventemitter3';
import type { Answers } from './answers.ts';

type Watch = (signal: AbortSignal) => AsyncIterable<CursoredEvent>;

/** The listeners of a plane: reads its events while there is at least one. */
export class Observers {
  readonly #watch: Watch;
  readonly #outcome: Answers['outcome'];
  readonly #emitter = new EventEmitter<PlaneEvents>();
  #watching: AbortController | undefined;
  #closed = false;

  /** @param watch reads the events from now on, until its signal is aborted */
  constructor(watch: Watch, outcome: Answers['outcome']) {
    this.#watch = watch;
    this.#outcome = outcome;
  }

  // The emitter knows the type of a listener only for a name that is known, so both casts: `PlaneEvents[K]` is right.
  on<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): void {
    this.#emitter.on(name, listener as never);
    this.#start();
  }

  off<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): void {
    this.#emitter.off(name, listener as never);
    if (this.#emitter.eventNames().length === 0) this.#stop();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #stop(): void {
    this.#watching?.abort();
    this.#watching = undefined;
  }

  #start(): void {
    if (this.#watching || this.#closed) return;
    const watching = new AbortController();
    this.#watching = watching;
    // Observers have no guarantee, and a plane that went away shows in every call.
    this.#emit(watching.signal)
      .catch(() => undefined)
      .finally(() => {
        if (this.#watching === watching) this.#watching = undefined;
      });
  }

  async #emit(signal: AbortSignal): Promise<void> {
    for await (const event of this.#watch(signal)) {
      for (const listener of this.#emitter.listeners('event')) attempt('event', () => listener(event));
      if (event.type !== 'task.ended') continue;
      const taskId = event.stream.slice('task/'.length);
      const outcome = this.#outcome.parse(event['outcome']);
      for (const listener of this.#emitter.listeners('task.ended'))
        attempt('task.ended', () => listener({ taskId, outcome }));
    }
  }
}

/** The error of one listener neither reaches the others nor ends the watching. */
function attempt(name: string, call: () => void): void {
  try {
    call();
  } catch (thrown) {
    const { rawMessage } = AgentRuntimeError.from(thrown);
    process.emitWarning(`a listener for ${name} threw: ${rawMessage}`, 'AgentRuntimeWarning');
  }
}
