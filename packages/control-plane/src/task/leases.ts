/**
 * Whether two names stand for the same: they are one, or paths one of which is inside of the other. A task that works in
 * a directory may change all that is in it.
 */
const overlap = (a: string, b: string): boolean => a === b || isInside(a, b) || isInside(b, a);
const isInside = (name: string, outer: string): boolean => name.startsWith(outer.endsWith('/') ? outer : `${outer}/`);

/**
 * Exclusive rights by name, held by tasks while they run: a workspace by its real path, a conversation by its id. The
 * lease of a path is one of all paths in it.
 * A lease may be shared by holders that all ask to share it, and with a holder that the asking task may share with in
 * any case. A task that was refused is notified when the name is released.
 */
export class Leases {
  readonly #holders = new Map<string, Map<string, boolean>>();
  readonly #refused = new Map<string, Map<string, () => void>>();

  /**
   * Takes a lease; taking it again is fine. False when another task holds it: `released` is called once when that may
   * have changed.
   */
  take(
    name: string,
    taskId: string,
    share: boolean,
    released: () => void,
    isShared: (holder: string) => boolean = () => false,
  ): boolean {
    if (this.holder(name, taskId, share, isShared) !== undefined) {
      const refused = this.#refused.get(name) ?? new Map<string, () => void>();
      this.#refused.set(name, refused.set(taskId, released));
      return false;
    }
    const holders = this.#holders.get(name) ?? new Map<string, boolean>();
    this.#holders.set(name, holders.set(taskId, share));
    return true;
  }

  /** The first task that keeps this one from the lease. */
  holder(
    name: string,
    taskId: string,
    share: boolean,
    isShared: (holder: string) => boolean = () => false,
  ): string | undefined {
    for (const [held, holders] of this.#holders) {
      if (!overlap(held, name)) continue;
      for (const [holder, shares] of holders)
        if (holder !== taskId && !(share && shares) && !isShared(holder)) return holder;
    }
    return undefined;
  }

  /** Releases everything that a task holds, and waits for nothing in its name any more. */
  releaseAll(taskId: string): void {
    for (const [name, refused] of this.#refused) {
      refused.delete(taskId);
      if (refused.size === 0) this.#refused.delete(name);
    }
    for (const [name, holders] of this.#holders) {
      if (!holders.delete(taskId)) continue;
      if (holders.size === 0) this.#holders.delete(name);
      this.#tell(name);
    }
  }

  /** Tells those that were refused because of this name. */
  #tell(name: string): void {
    const told = [...this.#refused].filter(([wanted]) => overlap(wanted, name));
    for (const [wanted] of told) this.#refused.delete(wanted);
    for (const [, refused] of told) for (const released of refused.values()) released();
  }
}
