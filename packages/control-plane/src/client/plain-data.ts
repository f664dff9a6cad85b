import { AgentRuntimeError } from '@runtime/contracts/base';

/**
 * A copy of what a caller passed as data. A socket makes JSON of it, and a plane in the same process takes the very same.
 * Throws INVALID_ARGUMENT for what JSON would not keep (a Date, a Map, a function), and where reading it throws.
 */
export function plainData<T>(value: T): T {
  return readable(() => copied(value, ''));
}

/** What a caller passed as options, of which one is no data: the signal. Throws as `plainData`. */
export function givenOptions<T extends object>(options: T | undefined): Partial<T> {
  if (options === undefined) return {};
  if (tagOf(options) !== 'Object') throw noData('', 'options');
  return readable(() => {
    const { signal, ...rest }: { readonly signal?: unknown } = options;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { ...copied(rest, ''), ...(signal === undefined ? {} : { signal }) } as Partial<T>;
  });
}

/** A getter may throw anything, and what holds itself is read without end. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (AgentRuntimeError.isInstance(thrown)) throw thrown;
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'what was passed cannot be read', {
      hint: 'pass plain data',
      cause: thrown,
    });
  }
}

function copied<T>(value: T, path: string): T {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    throw noData(path, typeof value);
  if (typeof value !== 'object' || value === null) return value;
  const tag = tagOf(value);
  if (tag !== 'Object' && tag !== 'Array') throw noData(path, tag);
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [
    key,
    copied(inner, `${path}.${key}`),
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (tag === 'Array' ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)) as T;
}

/** The kind of an object, also of another realm: `Object` for what has no kind of its own, such as `process.env`. */
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

function noData(path: string, what: string): AgentRuntimeError {
  const where = path === '' ? 'what was passed' : path.slice(1, 200);
  return new AgentRuntimeError('INVALID_ARGUMENT', `${where} is no plain data (${what})`, { hint: 'pass plain data' });
}
