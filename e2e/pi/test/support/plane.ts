import { pi } from '@runtime/adapter-pi';
import type { ControlPlane } from '@runtime/contracts';
import { openTestPlane } from '@runtime/control-plane/testing';

/** What a plane needs to run the real Pi; plain data, so that another process can have it too. */
export interface PlaneSetup {
  readonly dataDir: string;
  readonly workspace: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Retries without the patience of real ones. */
export const retry = { maxAttempts: 4, baseDelayMs: 10, maxDelayMs: 50 };

export function openPlane(setup: PlaneSetup, failpoint?: (name: string) => void): Promise<ControlPlane> {
  return openTestPlane({
    dataDir: setup.dataDir,
    adapters: [pi({ command: setup.command })],
    environment: setup.environment,
    tuning: { stopGraceMs: 2000 },
    ...(failpoint ? { failpoint } : {}),
  });
}
