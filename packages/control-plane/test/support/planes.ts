import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskEventSchemas, type ControlPlane } from '@runtime/contracts';
import type { EventFamily, StoredEvent } from '@runtime/contracts/log';
import { verifyLog } from '@runtime/event-log';
import { expect } from 'vitest';
import { expectWrittenToSchema } from './written.ts';
import { socketPath, type ControlPlaneOptions } from '../../src/index.ts';
import { openTestPlane, type PlaneSeams } from '../../src/testing/index.ts';
import { answers } from '../../src/client/answers.ts';
import { PlaneClient } from '../../src/client/plane-client.ts';
import { SocketChannel } from '../../src/socket/socket-channel.ts';

/**
 * A directory of its own for one test: `data` for the plane, `workspace` for its tasks.
 * When the test is over, everything that the plane wrote is held to the schemas that readers get, and the directory is
 * removed. Events of `families` are known as well.
 */
export async function makePlaces(families: readonly EventFamily[] = []) {
  const root = await mkdtemp(join(tmpdir(), 'plane-'));
  const workspace = await mkdtemp(join(root, 'ws-'));
  return {
    root,
    workspace,
    dataDir: join(root, 'data'),
    [Symbol.asyncDispose]: async () => {
      try {
        await expectWrittenToSchema(join(root, 'data'), families);
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    },
  };
}

export type Places = Awaited<ReturnType<typeof makePlaces>>;

const quick = { deltaWindowMs: 5, stopGraceMs: 300 };
/** Retries without the patience of real ones. */
export const retry = { maxAttempts: 3, baseDelayMs: 1, maxDelayMs: 5 };

export type PlaneOptions = PlaneSeams & Partial<ControlPlaneOptions> & Pick<ControlPlaneOptions, 'adapters'>;

export type OpenPlane = (places: Places, options: PlaneOptions) => Promise<ControlPlane>;

export function openPlane(places: Places, options: PlaneOptions): Promise<ControlPlane> {
  return openTestPlane({ dataDir: places.dataDir, tuning: quick, ...options });
}

/** The same plane, spoken to over its socket as another process would. */
export async function openOverSocket(places: Places, options: PlaneOptions): Promise<ControlPlane> {
  const owner = await openPlane(places, { ...options, listen: true });
  return socketClient(places, () => owner.close());
}

/** A client of an owner that serves a socket, which may be in this process. */
export async function socketClient({ dataDir }: Places, closeOwner?: () => Promise<void>): Promise<ControlPlane> {
  return new PlaneClient(await SocketChannel.connect(await socketPath(dataDir)), answers, closeOwner);
}

export async function eventsOf(plane: ControlPlane, taskId: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of plane.task(taskId).events({ follow: false })) events.push(event);
  return events;
}

export const typesOf = (events: readonly StoredEvent[]): string[] => events.map(({ type }) => type);

/** What must hold of every stream, however it came about. */
export function expectSoundStream(events: readonly StoredEvent[]): void {
  expect(events[0]?.type).toBe('task.submitted');
  expect(events.filter(({ type }) => type === 'task.ended')).toHaveLength(1);
  expect(events.at(-1)?.type).toBe('task.ended');
  expect(events.map(({ revision }) => revision)).toEqual(events.map((_, index) => index + 1));
  const texts = new Map<string, string>();
  for (const event of events) {
    const parsed = taskEventSchemas[event.type]?.safeParse(event);
    expect(parsed?.error, `${event.type} fits its schema`).toBeUndefined();
    const messageId = `${String(event['runId'])}/${String(event['messageId'])}`;
    if (event.type === 'text.delta') texts.set(messageId, (texts.get(messageId) ?? '') + String(event['text']));
    if (event.type === 'message.completed' && event['omittedChars'] === undefined)
      expect(texts.get(messageId) ?? '').toBe(event['text']);
  }
}

export async function expectSoundLog(places: Places): Promise<void> {
  expect((await verifyLog({ dir: join(places.dataDir, 'log') })).problems).toEqual([]);
}
