import { emit } from './wire.ts';

/** Steers and follow-ups that wait for their turn. Every change is reported as the whole queue. */
export interface Queue {
  add(mode: 'steer' | 'followUp', text: string): void;
  /** Removes the next steer. */
  takeSteer(): string | undefined;
  /** Removes the next follow-up. The caller takes steers first. */
  takeFollowUp(): string | undefined;
  /** Removes and returns everything. */
  clear(): { steering: string[]; followUp: string[] };
  /** Removes everything without reporting it. */
  reset(): void;
  size(): number;
}

export function createQueue(): Queue {
  let steering: string[] = [];
  let followUp: string[] = [];
  const report = (): void => emit({ type: 'queue_update', steering, followUp });
  const take = (from: string[]): string | undefined => {
    const text = from.shift();
    if (text !== undefined) report();
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
      report();
    },
    takeSteer: () => take(steering),
    takeFollowUp: () => take(followUp),
    clear: () => {
      const held = { steering, followUp };
      reset();
      report();
      return held;
    },
    size: () => steering.length + followUp.length,
  };
}
