/** As many agents as fit on a usual machine. */
export const usualConcurrency = 4;

export const maxConcurrency = 1000;

interface Configured {
  readonly defaults?: { readonly concurrency?: number | undefined } | undefined;
}

/** How many tasks an owner runs at the same time that a command with this configuration starts. */
export const concurrencyOf = ({ defaults }: Configured): number => defaults?.concurrency ?? usualConcurrency;
