import { setTimeout as delay } from 'node:timers/promises';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import type { Screen } from '../screen/screen.ts';

const stepMs = 50;
/**
 * How long the agent must be quiet to count as waiting for input, by what it has shown: a request for bracketed paste,
 * any output, nothing.
 * `busyMs`: an agent with a clock on its screen is never quiet, but ready.
 */
const patience = {
  bracketed: { quietMs: 150, busyMs: 700 },
  shown: { quietMs: 1000, busyMs: 5000 },
  silent: { quietMs: 3000, busyMs: 3000 },
} as const;
type Shown = keyof typeof patience;
const maxLineChars = 500;

export interface ReadyOptions {
  readonly pattern: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** What is thrown when the program has ended. */
  readonly ended: () => Promise<AgentRuntimeError>;
}

/**
 * Waits until the program in a terminal takes input: until its pattern is shown, else until it has asked for bracketed
 * paste and rests, or is quiet.
 * Throws UNAVAILABLE when `timeoutMs` is over, what `ended` says, CANCELLED.
 */
export async function awaitReady(screen: Screen, { pattern, timeoutMs, signal, ended }: ReadyOptions): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const wanted = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  let written = -1;
  let changed = performance.now();
  let shown: Shown = 'silent';
  let since = changed;
  while (performance.now() < deadline) {
    throwIfAborted(signal);
    if (await screen.hasEnded()) throw await ended();
    if (wanted) {
      const { lines } = await screen.look();
      if (lines.some((line) => wanted.test(line.slice(0, maxLineChars)))) return;
      await delay(stepMs * 4);
      continue;
    }
    const [bytes, now] = [await screen.written(), performance.now()];
    if (bytes !== written) changed = now;
    written = bytes;
    const level = bytes === 0 ? 'silent' : (await screen.isBracketed()) ? 'bracketed' : 'shown';
    if (level !== shown) since = now;
    shown = level;
    const { quietMs, busyMs } = patience[shown];
    if (now - changed >= quietMs || now - since >= busyMs) return;
    await delay(stepMs);
  }
  throw notReady(`the agent was not ready within ${timeoutMs} ms`);
}

function notReady(message: string): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', message, {
    hint: 'run the command by hand and look; raise readyTimeoutMs, or set readyPattern to what it shows when it waits',
  });
}
