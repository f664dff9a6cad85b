import { describe, expect, it } from 'vitest';
import {
  AgentRuntimeError,
  errorCodeSchema,
  errorDataSchema,
  throwIfAborted,
  type ErrorCode,
} from '../../src/index.ts';

interface Errors {
  readonly AgentRuntimeError: typeof AgentRuntimeError;
}
/** The same file evaluated twice, as in two bundles. The paths are variables: the checker knows no query strings. */
const copy = (name: string): Promise<Errors> =>
  import(/* @vite-ignore */ `../../src/base/errors.ts?copy=${name}`) as Promise<Errors>;

describe('a text that repeats input without end', () => {
  const long = '\u{1f600}é'.repeat(100_000);
  const bytes = (text: string | undefined): number => Buffer.byteLength(text ?? '');

  it('is cut to 2 KiB wherever it stands in an error, and says how much is missing', () => {
    const details = { issues: [long, 'short'], deep: [{ text: long }], n: 1, none: undefined };
    const error = new AgentRuntimeError('INVALID_ARGUMENT', long, { hint: long, details, cause: new Error(long) });
    const data = error.toData();
    for (const text of [error.rawMessage, data.message, data.hint, data.cause]) {
      expect(bytes(text)).toBeLessThanOrEqual(2048);
      expect(text).toMatch(/^(Error: )?[\u{1f600}é]+… and \d+ more characters$/u);
    }
    expect(bytes(JSON.stringify(data.details))).toBeLessThan(5000);
    expect(data.details).toMatchObject({ issues: [expect.any(String), 'short'], n: 1 });
    expect((error.cause as Error).message).toBe(long);
  });

  it('is cut once, however often the error is passed on', () => {
    const data = new AgentRuntimeError('INTERNAL', long, { cause: long, details: { long } }).toData();
    expect(AgentRuntimeError.fromData(data).toData()).toEqual(data);
  });

  it('is whole up to 2 KiB', () => {
    const text = 'x'.repeat(2048);
    expect(new AgentRuntimeError('INTERNAL', text).rawMessage).toBe(text);
  });

  it('is found in a list without end, and in details that hold themselves', () => {
    const details: Record<string, unknown> = { many: Array.from({ length: 200_000 }, (_, n) => n) };
    details['self'] = details;
    const { details: kept } = new AgentRuntimeError('INTERNAL', 'x', { details }).toData();
    expect(JSON.stringify(kept).length).toBeLessThan(20_000);
  });
});

const codes = {
  INVALID_ARGUMENT: 'never',
  NOT_FOUND: 'never',
  CONFLICT: 'never',
  UNSUPPORTED: 'elsewhere',
  UNAVAILABLE: 'here',
  UNAUTHENTICATED: 'never',
  PERMISSION_DENIED: 'never',
  EXHAUSTED: 'here',
  CANCELLED: 'never',
  DEADLINE_EXCEEDED: 'here',
  PROTOCOL_VIOLATION: 'never',
  OUTCOME_UNKNOWN: 'never',
  DATA_CORRUPT: 'never',
  INTERNAL: 'never',
} as const satisfies Record<ErrorCode, string>;

describe('the error class', () => {
  it('has this closed list of codes and this advice for each', () => {
    expect(errorCodeSchema.options).toEqual(Object.keys(codes));
    const advice = errorCodeSchema.options.map((code) => [code, new AgentRuntimeError(code, 'x').retry]);
    expect(Object.fromEntries(advice)).toEqual(codes);
  });

  it('says its code first, and keeps what it was given', () => {
    const cause = new TypeError('below');
    const error = new AgentRuntimeError('CONFLICT', 'taken', {
      retry: 'here',
      hint: 'wait',
      details: { pid: 1 },
      cause,
    });
    expect(error.message).toBe('[CONFLICT] taken');
    expect(error.rawMessage).toBe('taken');
    expect(error.name).toBe('AgentRuntimeError');
    expect(error).toMatchObject({ code: 'CONFLICT', retry: 'here', hint: 'wait', details: { pid: 1 }, cause });
    expect(new AgentRuntimeError('CONFLICT', 'taken')).not.toHaveProperty('cause');
  });

  it('is recognised by another copy of the module', async () => {
    const [one, two] = await Promise.all([copy('1'), copy('2')]);
    expect(one.AgentRuntimeError).not.toBe(two.AgentRuntimeError);
    const error = new one.AgentRuntimeError('NOT_FOUND', 'gone');
    expect(error instanceof two.AgentRuntimeError).toBe(false);
    expect(two.AgentRuntimeError.isInstance(error)).toBe(true);
    expect(two.AgentRuntimeError.from(error)).toBe(error);
    expect(AgentRuntimeError.isInstance(error)).toBe(true);
  });

  it.each([undefined, null, 'text', 7, {}, new Error('plain'), { code: 'CONFLICT', name: 'AgentRuntimeError' }])(
    'does not take %s for one of ours',
    (value) => {
      expect(AgentRuntimeError.isInstance(value)).toBe(false);
    },
  );

  it('crosses a socket whole, its cause as text', () => {
    const error = new AgentRuntimeError('UNAVAILABLE', 'gone', {
      retry: 'elsewhere',
      hint: 'start it',
      details: { owner: { pid: 4 } },
      cause: new RangeError('too far'),
    });
    const data = errorDataSchema.parse(JSON.parse(JSON.stringify(error.toData())));
    expect(data).toEqual({
      code: 'UNAVAILABLE',
      message: 'gone',
      retry: 'elsewhere',
      hint: 'start it',
      details: { owner: { pid: 4 } },
      cause: 'RangeError: too far',
    });
    const back = AgentRuntimeError.fromData(data);
    expect(AgentRuntimeError.isInstance(back)).toBe(true);
    expect(back.message).toBe(error.message);
    expect(back.toData()).toEqual(data);
  });

  it('leaves out what it does not have', () => {
    expect(new AgentRuntimeError('INTERNAL', 'x').toData()).toEqual({ code: 'INTERNAL', message: 'x', retry: 'never' });
  });

  it('tells a cause that is no JSON, rather than failing on the way to the socket', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const cause of [circular, 10n, Symbol('s'), () => 1, null, 'text', 7, Object.create(null) as object]) {
      const data = new AgentRuntimeError('INTERNAL', 'x', { cause }).toData();
      expect(errorDataSchema.safeParse(data).error).toBeUndefined();
      expect(data.cause).not.toBe('');
    }
  });

  it.each([
    ['an abort', new DOMException('stop', 'AbortError'), 'CANCELLED'],
    ['a timeout', new DOMException('late', 'TimeoutError'), 'DEADLINE_EXCEEDED'],
    ['any other error', new TypeError('no'), 'INTERNAL'],
    ['text', 'no', 'INTERNAL'],
    ['nothing', undefined, 'INTERNAL'],
    ['an object that cannot be written', Object.create(null), 'INTERNAL'],
  ])('makes one of ours from %s', (_what, thrown, code) => {
    const error = AgentRuntimeError.from(thrown);
    expect(error.code).toBe(code);
    expect(error.cause).toBe(thrown);
  });

  it('keeps one of ours as it is, and uses the fallback for the rest', () => {
    const ours = new AgentRuntimeError('NOT_FOUND', 'x');
    expect(AgentRuntimeError.from(ours, 'UNAVAILABLE')).toBe(ours);
    expect(AgentRuntimeError.from(new Error('x'), 'UNAVAILABLE').code).toBe('UNAVAILABLE');
    expect(AgentRuntimeError.from(new DOMException('x', 'AbortError'), 'UNAVAILABLE').code).toBe('CANCELLED');
  });

  it('is thrown for a signal that is aborted already, with the reason kept', () => {
    expect(() => throwIfAborted(undefined)).not.toThrow();
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
    const plain = AbortSignal.abort();
    expect(() => throwIfAborted(plain)).toThrow(expect.objectContaining({ code: 'CANCELLED', cause: plain.reason }));
    const reason = new AgentRuntimeError('UNAVAILABLE', 'closed');
    expect(() => throwIfAborted(AbortSignal.abort(reason))).toThrow(reason);
    expect(() => throwIfAborted(AbortSignal.abort('enough'))).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
  });
});
