import { emit } from './wire.ts';

/** Steers and follow-ups that wait for their turn. Every change is told as the whole queue. */
export interface Queue {
  add(mode: 'steer' | 'followUp', text: string): void;
  /** The next message, or undefined. Steers come before follow-ups, one at a time. */
  takeSteer(): string | undefined;
  takeFollowUp(): string | undefined;
  clear(): { steering: string[]; followUp: string[] };
  /** Forgets everything without a word. */
  reset(): void;
  size(): number;
}

export function createQueue(): Queue {
  let steering: string[] = [];
  let followUp: string[] = [];
  const tell = (): void => emit({ type: 'queue_update', steering, followUp });
  const take = (from: string[]): string | undefined => {
    const text = from.shift();
    if (text !== undefined) tell();
    return text;
  };
  const reset = (): void => {
    steering = [];
    followUp = [];
  };
  return {
    reset,
    add: (mode, text) => {
      (mode === 'steer' ? steering : followUp).push(text);
      tell();
    },
    takeSteer: () => take(steering),
    takeFollowUp: () => take(followUp),
    clear: () => {
      const held = { steering, followUp };
      reset();
      tell();
      return held;
    },
    size: () => steering.length + followUp.length,
  };
}
