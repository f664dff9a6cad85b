import fc from 'fast-check';
import { expect, test } from 'vitest';
import { namedWaitMs } from '../../src/adapter/index.ts';

const now = Date.UTC(2026, 10, 26, 14, 30, 0);
const minute = 60_000;
const hour = 60 * minute;

/** Error texts as backends write them, and the wait that they name. */
test.each<[string, number | undefined]>([
  // OpenAI
  [
    '429: {"error":{"message":"Rate limit reached for gpt-5 in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 20s. Visit https://platform.openai.com/account/rate-limits","type":"tokens","code":"rate_limit_exceeded"}}',
    20_000,
  ],
  ['429 Rate limit reached for requests. Please try again in 1m30.5s.', 90_500],
  ['Rate limit reached. Please try again in 6h0m0s.', 6 * hour],
  ['Rate limit reached. Please try again in 350ms.', 1000],
  ["You've hit your usage limit. Try again in 3 days 5 hours 12 minutes.", 77 * hour + 12 * minute],
  [
    '{"error":{"type":"usage_limit_reached","message":"The usage limit has been reached","plan_type":"plus","resets_in_seconds":3600}}',
    hour,
  ],
  ['{"error":{"type":"usage_limit_reached","resets_at":1795704600}}', 20 * minute],
  ['429 You exceeded your current quota, please check your plan and billing details.', undefined],
  // Anthropic
  [
    '429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit"}}',
    undefined,
  ],
  ['429 rate_limit_error (retry-after: 30)', 30_000],
  ['{"headers":{"retry-after":"17"}}', 17_000],
  ['{"headers":{"retry-after-ms":"2500"}}', 2500],
  ['429 Retry-After: Thu, 26 Nov 2026 14:31:00 GMT', minute],
  ['anthropic-ratelimit-requests-reset: 2026-11-26T14:35:00Z', 5 * minute],
  ['Claude AI usage limit reached|1795704600', 20 * minute],
  ["You've hit your limit · resets 3pm (UTC)", 30 * minute],
  ["You've hit your limit · resets 3:45pm (Europe/Berlin)", 15 * minute],
  ["You've hit your limit · resets 2pm (UTC)", 23.5 * hour],
  ["You've hit your limit · resets 3pm", undefined],
  // Google
  [
    '429 RESOURCE_EXHAUSTED. Please retry in 34.074824224s. {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}',
    34_000,
  ],
  ['{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}', 34_075],
  ['Please retry in 34.074824224s.', 34_075],
  // Others
  ['Too many requests, retry after 5 minutes', 5 * minute],
  ['{"retry_after": 12.3}', 12_300],
  ['Quota exceeded. Your quota resets at 2026-11-26T15:00:00Z', 30 * minute],
  ['Quota exceeded. It will reset on 2026-11-26 15:00 UTC.', 30 * minute],
  ['Quota exceeded. It will reset at 2026-11-26T16:00:00+01:00.', 30 * minute],
  ['limit: {"X-RateLimit-Reset":"1795704600000"}', 20 * minute],
  ['Please wait 2 minutes before the next request', 2 * minute],
  ['Service will be available in 90 seconds', 90_000],
  ['try again in 5 minutes and 2 retries', 5 * minute],
  // What names no time
  ['', undefined],
  ['Please try again later', undefined],
  ['try again in a few minutes', undefined],
  ['try again in 5 parsecs', undefined],
  ['retry-after: soon', undefined],
  ['retry-after: -5', undefined],
  ['try again in 99999999 days', undefined],
  ['resets at 2026-13-45T99:00:00Z', undefined],
  ['resets at 25:99 (UTC)', undefined],
  ['resets 3pm (Nowhere/Land)', undefined],
  ['resets at 2020-01-01T00:00:00Z', undefined],
  ['quota of 20s per request', undefined],
])('%s', (text, ms) => {
  expect(namedWaitMs(text, now)).toBe(ms);
});

test('a time that has just come is a short pause', () => {
  expect(namedWaitMs('resets at 2026-11-26T14:29:00Z', now)).toBe(1000);
});

test('without a time of writing, a duration counts and a point in time does not', () => {
  expect(namedWaitMs('try again in 20s')).toBe(20_000);
  expect(namedWaitMs('resets at 2026-11-26T15:00:00Z')).toBeUndefined();
});

test('any text gives nothing or a wait of at most a week', () => {
  const piece = fc.constantFrom(
    'retry-after',
    'try again in ',
    'resets at ',
    '1',
    '9999',
    's',
    'm',
    'h',
    ' ',
    ':',
    '"',
    '.',
    'and ',
    '2026-11-26T',
    'UTC',
    'pm',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 400 }), (pieces) => {
      const ms = namedWaitMs(pieces.join(''), now);
      if (ms !== undefined) expect(ms > 0 && ms <= 7 * 24 * hour && Number.isInteger(ms)).toBe(true);
    }),
  );
});
