import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane, type RuntimeDefinition } from '@runtime/contracts';
import { z } from 'zod';
import { findRetention } from '../config/retention.ts';
import type { OpenPlaneOptions } from '../host/dependencies.ts';
import type { ConnectContext } from './connect.ts';

/** How long another command that is about to let go is waited for: it ends an agent, on a busy machine. */
const waitMs = 60_000;

/**
 * Owns the data directory in this process and serves the control socket, so that other commands can connect. Waits for a
 * command that owns it only to end a task.
 */
export async function openOwnPlane(
  context: ConnectContext,
  concurrency: number,
  onLeaveRequest: NonNullable<OpenPlaneOptions['onLeaveRequest']>,
): Promise<ControlPlane> {
  const { deps, dataDir, signal } = context;
  const options = {
    dataDir,
    createAdapter: (id: string, definition: RuntimeDefinition) => deps.createAdapter(id, definition),
    listen: true,
    concurrency,
    retention: async () => (await findRetention({ dataDir, home: deps.home })).retention,
    version: deps.version,
    onLeaveRequest,
  };
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return context.closeAtEnd(await deps.planes.open(options));
    } catch (error) {
      if (!isHeldBriefly(error) || performance.now() > until) throw error;
      await sleep(50, undefined, { signal });
    }
  }
}

const briefSchema = z.object({ owner: z.object({ brief: z.literal(true) }) });

const isHeldBriefly = (error: unknown): boolean =>
  AgentRuntimeError.isInstance(error) && briefSchema.safeParse(error.details).success;
