/** What one byte is to a JSON object that was read as far as it. */
export type PrefixStep = 'more' | 'whole' | 'wrong';

const code = (character: string): number => character.charCodeAt(0);
const quote = code('"');
const backslash = code('\\');
const openBrace = code('{');
const closeBrace = code('}');
const openBracket = code('[');
const closeBracket = code(']');
const comma = code(',');
const colon = code(':');
const space = code(' ');
const minus = code('-');
const digits = [code('0'), code('9')] as const;
const literals: ReadonlyMap<number, string> = new Map(['true', 'false', 'null'].map((word) => [code(word), word]));
const numberBytes: ReadonlySet<number> = new Set([...'0123456789+-.eE'].map(code));
const escaped: ReadonlySet<number> = new Set([...'"\\/bfnrtu'].map(code));

const isPlain = (byte: number): boolean => byte >= space && byte !== quote && byte !== backslash;

type Expected =
  | 'key'
  | 'keyOrEnd'
  | 'colon'
  | 'value'
  | 'valueOrEnd'
  | 'next'
  | 'string'
  | 'escape'
  | 'number'
  | 'word';

/**
 * Follows one JSON object byte by byte, and notices the first byte with which no JSON goes on. One pass without
 * recursion; deeper nesting than `maxDepth` counts as wrong. Numbers and `\u` are checked by the parser later.
 */
export class JsonPrefix {
  readonly #maxDepth: number;
  /** The closing bytes of what is open, outermost first. */
  readonly #open: number[] = [];
  #expected: Expected = 'value';
  #isKey = false;
  /** What is left of a literal. */
  #word = '';

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  /** An object or array may come next: nested JSON would be taken for a record here. */
  get expectsValue(): boolean {
    return this.#expected === 'value' || this.#expected === 'valueOrEnd';
  }

  /** The next byte from `at` on that is more than a plain character of a string. */
  behindPlain(bytes: Uint8Array, at: number): number {
    if (this.#expected !== 'string') return at;
    let end = at;
    for (let byte = bytes[end]; byte !== undefined && isPlain(byte); byte = bytes[end]) end += 1;
    return end;
  }

  push(byte: number): PrefixStep {
    switch (this.#expected) {
      case 'string':
        return this.#inString(byte);
      case 'escape':
        this.#expected = 'string';
        return escaped.has(byte) ? 'more' : 'wrong';
      case 'number':
        if (numberBytes.has(byte)) return 'more';
        this.#expected = 'next';
        return this.#between(byte);
      case 'word':
        return this.#inWord(byte);
      case 'key':
      case 'keyOrEnd':
      case 'colon':
      case 'value':
      case 'valueOrEnd':
      case 'next':
      default:
        return this.#between(byte);
    }
  }

  #inString(byte: number): PrefixStep {
    if (byte < space) return 'wrong';
    if (byte === backslash) this.#expected = 'escape';
    else if (byte === quote) this.#expected = this.#isKey ? 'colon' : 'next';
    return 'more';
  }

  #inWord(byte: number): PrefixStep {
    if (byte !== code(this.#word)) return 'wrong';
    this.#word = this.#word.slice(1);
    if (this.#word === '') this.#expected = 'next';
    return 'more';
  }

  #between(byte: number): PrefixStep {
    if (byte === space) return 'more';
    const { expectsValue } = this;
    const mayEnd = this.#expected === 'next' || this.#expected === 'keyOrEnd' || this.#expected === 'valueOrEnd';
    if (mayEnd && byte === this.#open.at(-1)) {
      this.#open.pop();
      this.#expected = 'next';
      return this.#open.length === 0 ? 'whole' : 'more';
    }
    if (expectsValue) return this.#value(byte);
    if (this.#expected === 'next' && byte === comma) {
      this.#expected = this.#open.at(-1) === closeBrace ? 'key' : 'value';
    } else if (this.#expected === 'colon' && byte === colon) this.#expected = 'value';
    else if ((this.#expected === 'key' || this.#expected === 'keyOrEnd') && byte === quote) this.#begin('string', true);
    else return 'wrong';
    return 'more';
  }

  #value(byte: number): PrefixStep {
    const word = literals.get(byte);
    if (byte === quote) this.#begin('string', false);
    else if (byte === openBrace || byte === openBracket) {
      if (this.#open.length === this.#maxDepth) return 'wrong';
      this.#open.push(byte === openBrace ? closeBrace : closeBracket);
      this.#expected = byte === openBrace ? 'keyOrEnd' : 'valueOrEnd';
    } else if (byte === minus || (byte >= digits[0] && byte <= digits[1])) this.#expected = 'number';
    else if (word !== undefined) {
      this.#word = word.slice(1);
      this.#expected = 'word';
    } else return 'wrong';
    return 'more';
  }

  #begin(expected: Expected, isKey: boolean): void {
    this.#expected = expected;
    this.#isKey = isKey;
  }
}
