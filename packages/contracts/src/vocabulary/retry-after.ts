import { headText } from './head-text.ts';

/** No backend is believed that asks for more than a week. */
const maxMs = 7 * 24 * 3_600_000;
/** A time that is over is answered by a short pause, unless it is over for long and probably means something else. */
const overMs = 1000;
const maxOverMs = 3_600_000;

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const units: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|millis|milliseconds?)$/, 1],
  [/^(?:s|secs?|seconds?)$/, second],
  [/^(?:m|mins?|minutes?)$/, minute],
  [/^(?:h|hrs?|hours?)$/, hour],
  [/^(?:d|days?)$/, 24 * hour],
];

/** `1m30.5s`, `3 days 5 hours`, `34.07s`: one to five numbers, each with its unit. */
const duration = String.raw`(\d{1,9}(?:\.\d{1,12})?\s?[a-z]{1,12}(?:(?:,? and |,? ?)\d{1,9}(?:\.\d{1,12})?\s?[a-z]{1,12}){0,4})`;
const amount = String.raw`["']?\s?[:=]?\s?["']?(\d{1,9}(?:\.\d{1,12})?)(?![\d.]|\s?[a-z])`;
const isoTime = String.raw`(\d{4}-\d\d-\d\d(?:T| (?:at )?)\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))`;
const httpTime = String.raw`((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)`;
/** The day is left out where it is the next on which a clock shows the time. */
const clockTime = String.raw`(?:((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{1,2}),?(?: at)? )?(\d{1,2}(?::\d\d)?\s?(?:am|pm)?)\s?\(?(UTC|GMT|[A-Za-z]{2,20}/[A-Za-z_]{2,30}(?:/[A-Za-z_]{2,30})?)\)?`;
const again = String.raw`(?:try|retry)(?: again| your request)?`;
/** `in 20s`, `after about 5 minutes`, `in ~47 min`. */
const within = String.raw`(?:in|after)(?: about| approximately| around)? ~?`;
const reset = String.raw`(?:resets?(?:[-_ ]?(?:at|time(?:[-_ ]?stamp)?))?|regain access)["']?(?: (?:on|at|is))?\s?[:=]?\s?["']?`;
const after = String.raw`retry[-_ ]?after`;

type Reading = (words: RegExpExecArray, now: number | undefined) => number | undefined;

const until = (time: number, now: number | undefined): number | undefined =>
  now === undefined || Number.isNaN(time) ? undefined : time - now;

/** The first that fits counts. */
const forms: readonly (readonly [RegExp, Reading])[] = [
  [new RegExp(`${after}[-_ ]?ms${amount}`, 'i'), ([, ms]) => Number(ms)],
  [new RegExp(`${after}(?:[-_ ]?seconds)?${amount}`, 'i'), ([, seconds]) => Number(seconds) * second],
  [new RegExp(`resets?[-_ ]?in[-_ ]?seconds${amount}`, 'i'), ([, seconds]) => Number(seconds) * second],
  [new RegExp(`${after}["']?\\s?[:=]?\\s?["']?${duration}`, 'i'), ([, text]) => durationMs(text)],
  [new RegExp(`retryDelay["']?\\s?[:=]\\s?["']?${duration}`, 'i'), ([, text]) => durationMs(text)],
  [new RegExp(`${again} ${within}${duration}`, 'i'), ([, text]) => durationMs(text)],
  [
    new RegExp(
      `(?:wait(?: about)? ~?|(?:resets?|refresh(?:es)?|renews?|available(?: again)?) ${within}|reset[-_ ]?delay["']?\\s?[:=]\\s?["']?)${duration}`,
      'i',
    ),
    ([, text]) => durationMs(text),
  ],
  [new RegExp(`${after}["']?\\s?[:=]?\\s?["']?${httpTime}`, 'i'), ([, time = ''], now) => until(Date.parse(time), now)],
  [
    new RegExp(`(?:${reset}|${again} (?:at|after) |available (?:at|from) )${isoTime}`, 'i'),
    ([, time = ''], now) => until(isoMs(time), now),
  ],
  [
    new RegExp(`(?:${reset}|limit reached\\|)(1\\d{9}|1\\d{12})(?!\\d)`, 'i'),
    ([, digits], now) => until(epochMs(digits), now),
  ],
  [
    new RegExp(`(?:${reset}|${again} at )${clockTime}`, 'i'),
    ([, day, time, zone], now) => clockMs({ day, time, zone }, now),
  ],
];

/**
 * How long a backend asks its callers to wait, in ms, as its error text says it: `try again in 20s`, `retry-after: 30`,
 * `resets at 2026-11-26T15:00:00Z`. Undefined where the text names no time that is certain: a time of day without its
 * zone is none. Reads the first 2000 characters; believes no more than a week.
 * `now` is when the text was written, in Unix ms; without it, a point in time means nothing.
 */
export function namedWaitMs(text: string, now?: number): number | undefined {
  const head = headText(text);
  for (const [form, read] of forms) {
    const words = form.exec(head);
    const ms = words ? read(words, now) : undefined;
    if (ms === undefined || !Number.isFinite(ms) || ms > maxMs || ms < -maxOverMs) continue;
    return Math.max(overMs, Math.ceil(ms));
  }
  return undefined;
}

function durationMs(text = ''): number | undefined {
  let sum = 0;
  let smallest = Infinity;
  for (const [, count, unit = ''] of text.toLowerCase().matchAll(/(\d+(?:\.\d+)?)\s?([a-z]+)/g)) {
    const ms = units.find(([name]) => name.test(unit))?.[1];
    // A word that is no unit ends the time: "in 5 minutes and 2 retries".
    if (ms === undefined || ms >= smallest) break;
    sum += Number(count) * ms;
    smallest = ms;
  }
  return smallest === Infinity ? undefined : sum;
}

const isoMs = (text: string): number =>
  Date.parse(
    text
      .replace(/ (?:at )?/, 'T')
      .replace(/\s?(?:UTC|GMT)$/i, 'Z')
      .replace(/\s/, ''),
  );
const epochMs = (digits = ''): number => Number(digits) * (digits.length === 10 ? second : 1);

interface ClockTime {
  /** `Mon` or `Nov 28`; the next day on which a clock shows the time, where it is undefined. */
  readonly day: string | undefined;
  readonly time: string | undefined;
  readonly zone: string | undefined;
}

/** The next time at which a clock in this zone shows this, on this day within a week. */
function clockMs({ day, time = '', zone = '' }: ClockTime, now?: number): number | undefined {
  const [, hours, minutes = '0', half] = /^(\d{1,2})(?::(\d\d))?\s?(am|pm)?$/i.exec(time) ?? [];
  const shown = now === undefined ? undefined : shownIn(zone, now);
  if (now === undefined || hours === undefined || shown === undefined || Number(minutes) > 59) return undefined;
  if (half === undefined ? Number(hours) > 23 : Number(hours) < 1 || Number(hours) > 12) return undefined;
  const hourOfDay = half === undefined ? Number(hours) : (Number(hours) % 12) + (/pm/i.test(half) ? 12 : 0);
  const wanted = hourOfDay * hour + Number(minutes) * minute;
  const next = wanted > shown.timeOfDay ? wanted - shown.timeOfDay : wanted + 24 * hour - shown.timeOfDay;
  if (day === undefined) return next;
  return Array.from({ length: 8 }, (_, days) => next + days * 24 * hour).find((ms) =>
    shownIn(zone, now + ms)?.days.includes(day.toLowerCase()),
  );
}

interface Shown {
  /** Milliseconds since midnight. */
  readonly timeOfDay: number;
  /** Names of the day in lower case: `mon`, `nov 28`. */
  readonly days: readonly string[];
}

/** What clock and calendar of a zone show; undefined for a zone that is none. */
function shownIn(timeZone: string, at: number): Shown | undefined {
  try {
    const clock = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium', hourCycle: 'h23' });
    const [hours = 0, minutes = 0, seconds = 0] = clock.format(at).split(':').map(Number);
    const named = (options: Intl.DateTimeFormatOptions): string =>
      new Intl.DateTimeFormat('en-US', { timeZone, ...options }).format(at).toLowerCase();
    return {
      timeOfDay: hours * hour + minutes * minute + seconds * second,
      days: [named({ weekday: 'short' }), named({ month: 'short', day: 'numeric' })],
    };
  } catch {
    return undefined;
  }
}
