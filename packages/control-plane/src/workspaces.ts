/** Which task works where: a workspace is leased by its real path, to one task unless all that use it share. */
export class Workspaces {
  readonly #leases = new Map<string, Map<string, boolean>>();

  /** Taking it again is fine. False: somebody else has it. */
  take(path: string, taskId: string, share: boolean): boolean {
    const holders = this.#leases.get(path) ?? new Map<string, boolean>();
    for (const [holder, shares] of holders) {
      if (holder !== taskId && !(share && shares)) return false;
    }
    holders.set(taskId, share);
    this.#leases.set(path, holders);
    return true;
  }

  release(path: string, taskId: string): void {
    const holders = this.#leases.get(path);
    holders?.delete(taskId);
    if (holders?.size === 0) this.#leases.delete(path);
  }
}
