import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { outcomeCodeSchema } from '../../src/index.ts';
import { classifyMessage, namedWaitMs } from '../../src/adapter/index.ts';

/**
 * What providers and agents write when a call fails, one message a row: whose it is, its text, the code and the wait in
 * ms that it must give, and where it comes from. Dates are moved to the days after `now`, and ids are shortened.
 */
const messages = z
  .array(
    z.strictObject({
      provider: z.string(),
      text: z.string(),
      code: outcomeCodeSchema,
      waitMs: z.int().optional(),
      from: z.string(),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('../fixtures/provider-messages.json', import.meta.url), 'utf8')));

const now = Date.UTC(2026, 10, 26, 14, 30, 0);

describe('a message of a provider', () => {
  test.each(messages.map((each) => [each.provider, each.text, each] as const))('%s: %s', (_provider, text, each) => {
    expect({ code: classifyMessage(text), waitMs: namedWaitMs(text, now) }).toEqual({
      code: each.code,
      waitMs: each.waitMs,
    });
  });

  test('is written once', () => {
    expect(new Set(messages.map(({ text }) => text)).size).toBe(messages.length);
  });
});
