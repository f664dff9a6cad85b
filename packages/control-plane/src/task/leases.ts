/**
 * Exclusive rights by name, held by tasks while they run: a workspace by its real path, a conversation by its id.
 * A lease may be shared by holders that all say so. Whoever was refused is told when the name is free.
 */
export class Leases {
  readonly #holders = new Map<string, Map<string, boolean>>();
  readonly #refused = new Map<string, Map<string, () => void>>();

  /** Taking it again is fine. False: somebody else has it, and `freed` is called once when that may have changed. */
  take(name: string, taskId: string, share: boolean, freed: () => void): boolean {
    const holders = this.#holders.get(name) ?? new Map<string, boolean>();
    for (const [holder, shares] of holders) {
      if (holder === taskId || (share && shares)) continue;
      const refused = this.#refused.get(name) ?? new Map<string, () => void>();
      this.#refused.set(name, refused.set(taskId, freed));
      return false;
    }
    this.#holders.set(name, holders.set(taskId, share));
    return true;
  }

  /** Everything that a task holds. */
  releaseAll(taskId: string): void {
    for (const [name, holders] of this.#holders) {
      if (!holders.delete(taskId)) continue;
      if (holders.size === 0) this.#holders.delete(name);
      const refused = this.#refused.get(name);
      this.#refused.delete(name);
      for (const freed of refused?.values() ?? []) freed();
    }
  }
}
