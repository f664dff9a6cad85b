import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { planeEventSchemas, runtimeEventSchemas, taskEventSchemas } from '@runtime/contracts';
import type { EventFamily, NewEvent } from '@runtime/contracts/log';
import { openEventLog } from '@runtime/event-log';
import { expect } from 'vitest';
import type { z } from 'zod';

const schemas: Readonly<Record<string, z.ZodType>> = {
  ...taskEventSchemas,
  ...planeEventSchemas,
  ...runtimeEventSchemas,
};

/** Every event of the log is what its schema says, and holds no field that a reader's schema would drop. */
export async function expectWrittenToSchema(dataDir: string, families: readonly EventFamily[] = []): Promise<void> {
  if ((await readdir(join(dataDir, 'log')).catch(() => [])).length === 0) return;
  // A test that damages its log has nothing left to read.
  const log = await openEventLog({ dir: join(dataDir, 'log'), readOnly: true }).catch(() => undefined);
  if (!log) return;
  try {
    for await (const events of log.read()) for (const event of events) expectToFit(event, families);
  } finally {
    await log.close();
  }
}

/** Written or about to be: the log's own fields are not part of a schema. */
export function expectToFit(
  { position: _p, stream: _s, revision: _r, time: _t, ...event }: NewEvent,
  families: readonly EventFamily[] = [],
): void {
  const known = [{ schemas }, ...families].find((each) => Object.hasOwn(each.schemas, event.type));
  const schema = known?.schemas[event.type];
  expect(schema, `${event.type} is an event of a known family`).toBeDefined();
  expect(schema?.parse(event), `${event.type} has the fields of its schema and no others`).toEqual(event);
}
