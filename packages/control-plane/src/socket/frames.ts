import { LineSplitter, parseJsonLine } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, jsonMembersExceed } from '@runtime/contracts';

/** Longest frame, in bytes without its line feed: twice the log's largest append. */
export const maxFrameBytes = 32 * 1024 * 1024;
/** Deepest nesting of a request. A value in an event may have 64 levels; the message around it has a few more. */
const maxFrameDepth = 128;

/** Most keys, values and brackets of a request. The largest has two environments, of 2000 variables each. */
const maxFrameMembers = 10_000;

const violation = (message: string): AgentRuntimeError => new AgentRuntimeError('PROTOCOL_VIOLATION', message);

/**
 * Cuts the bytes of a socket into frames: one JSON document a line, empty lines ignored.
 * Holds at most one frame and one chunk.
 */
export class FrameReader {
  readonly #splitter = new LineSplitter({ maxLineBytes: maxFrameBytes, skipEmpty: true });
  readonly #maxDepth: number;

  /**
   * @param maxDepth deepest nesting of a frame. `Infinity` for a peer that checked its values itself: nothing is counted
   * then, which costs as much as parsing.
   */
  constructor(maxDepth = maxFrameDepth) {
    this.#maxDepth = maxDepth;
  }

  /** Whether the beginning of a frame has come and its end has not. */
  get inFrame(): boolean {
    return this.#splitter.openBytes > 0;
  }

  /**
   * The frames that this chunk completes, in order, each parsed when it is asked for.
   * Throws PROTOCOL_VIOLATION at the first that is too large, nested too deeply, of too many parts, or not JSON; nothing
   * can be read then.
   */
  *read(chunk: Buffer): Generator<unknown, void, undefined> {
    for (const line of this.#splitter.push(chunk)) {
      if (line.kind === 'oversize') throw tooLarge();
      if (line.bytes.length > 0) yield parseFrame(line.bytes, this.#maxDepth);
    }
    // A frame that never ends never becomes a line.
    if (this.#splitter.openBytes > maxFrameBytes) throw tooLarge();
  }
}

function parseFrame(bytes: Buffer, maxDepth: number): unknown {
  if (maxDepth !== Infinity && jsonMembersExceed(bytes, maxFrameMembers))
    throw violation(`a frame holds more than ${maxFrameMembers} keys and values`);
  const parsed = parseJsonLine(bytes, { maxDepth });
  if (parsed.ok) return parsed.value;
  throw violation(`a frame cannot be read: ${parsed.reason}`);
}

const tooLarge = (): AgentRuntimeError => violation(`a frame is larger than ${maxFrameBytes} bytes`);

/** Undefined for a message that the other side would not take: it is larger than a frame. */
export function encodeFrame(message: unknown): string | undefined {
  const text = JSON.stringify(message);
  // A UTF-16 unit is three bytes at most.
  const fits = text.length <= maxFrameBytes / 3 || Buffer.byteLength(text) <= maxFrameBytes;
  return fits ? `${text}\n` : undefined;
}
