import type { HeldContent } from '@runtime/contracts/artifacts';

/** Counts who holds which content. */
export class Holds {
  readonly #counts = new Map<string, number>();

  has(sha256: string): boolean {
    return this.#counts.has(sha256);
  }

  hold(sha256: string, bytes: number): HeldContent {
    this.#counts.set(sha256, (this.#counts.get(sha256) ?? 0) + 1);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      const left = (this.#counts.get(sha256) ?? 1) - 1;
      if (left === 0) this.#counts.delete(sha256);
      else this.#counts.set(sha256, left);
    };
    return { sha256, bytes, [Symbol.dispose]: release };
  }
}
