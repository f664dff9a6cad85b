import type { SecretMask } from './secret-mask.ts';

/** Stands for a secret of any length, which would be a hint. */
const replacement = '***';

/**
 * Masks one stream of text. A character is masked when any occurrence of any secret covers it, and given out as soon as
 * that is settled:
 * what was given out after n characters depends on these n characters alone, never on how they were cut.
 * Holds back less than the longest secret.
 */
export class StreamMask {
  readonly #secrets: SecretMask;
  #carry = '';
  /** So many characters of the carry are covered by an occurrence that began before it or in it. */
  #covered = 0;
  #inMask = false;

  constructor(secrets: SecretMask) {
    this.#secrets = secrets;
  }

  push(text: string): string {
    const whole = this.#carry + text;
    return this.#settle(whole, this.#secrets.pendingFrom(whole));
  }

  flush(): string {
    const given = this.#settle(this.#carry, this.#carry.length);
    this.#inMask = false;
    return given;
  }

  /** Gives out everything before `until`, keeps the rest. */
  #settle(whole: string, until: number): string {
    let given = '';
    let at = 0;
    for (const [from, to] of this.#covers(whole)) {
      if (from >= until) break;
      if (from > at) given += this.#plain(whole.slice(at, from));
      given += this.#masked();
      at = Math.min(to, until);
      if (to > until) {
        this.#carry = whole.slice(until);
        this.#covered = to - until;
        return given;
      }
    }
    if (at < until) given += this.#plain(whole.slice(at, until));
    this.#carry = whole.slice(until);
    this.#covered = 0;
    return given;
  }

  #plain(text: string): string {
    this.#inMask = false;
    return text;
  }

  #masked(): string {
    if (this.#inMask) return '';
    this.#inMask = true;
    return replacement;
  }

  /** The covered stretches, in order, merged where they touch. */
  #covers(whole: string): [number, number][] {
    // What covers the carry began before it, so it counts even when nothing of the carry is given out.
    const found: [number, number][] = this.#covered > 0 ? [[-1, this.#covered]] : [];
    for (const secret of this.#secrets.secrets) {
      for (let at = whole.indexOf(secret); at !== -1; at = whole.indexOf(secret, at + 1)) {
        found.push([at, at + secret.length]);
      }
    }
    if (found.length < 2) return found;
    found.sort((one, other) => one[0] - other[0]);
    const merged: [number, number][] = [];
    for (const [from, to] of found) {
      const last = merged.at(-1);
      if (last && from <= last[1]) last[1] = Math.max(last[1], to);
      else merged.push([from, to]);
    }
    return merged;
  }
}

/** A whole text, masked. */
export function maskText(secrets: SecretMask, text: string): string {
  if (!secrets.secrets.some((secret) => text.includes(secret))) return text;
  const mask = new StreamMask(secrets);
  return mask.push(text) + mask.flush();
}
