import { LineSplitter, parseJsonLine } from '@runtime/adapter-kit/source';
import { AgentRuntimeError } from '@runtime/contracts';

/** Longest frame, in bytes without its line feed: twice the log's largest append. */
export const maxFrameBytes = 32 * 1024 * 1024;
/** Deepest nesting of a request. A value in an event may have 64 levels; the message around it has a few more. */
const maxFrameDepth = 128;

const violation = (message: string): AgentRuntimeError => new AgentRuntimeError('PROTOCOL_VIOLATION', message);

/**
 * Cuts the bytes of a socket into frames: one JSON document a line, empty lines ignored.
 * Holds at most one frame and one chunk.
 */
export class FrameReader {
  readonly #splitter = new LineSplitter({ maxLineBytes: maxFrameBytes });
  readonly #maxDepth: number;
  #received = 0;
  #complete = 0;

  /**
   * @param maxDepth deepest nesting of a frame. `Infinity` for a peer that checked its values itself: counting costs as
   * much as parsing.
   */
  constructor(maxDepth = maxFrameDepth) {
    this.#maxDepth = maxDepth;
  }

  /** Whether the beginning of a frame has come and its end has not. */
  get inFrame(): boolean {
    return this.#received > this.#complete;
  }

  /**
   * The frames that this chunk completes, in order, each parsed when it is asked for.
   * Throws PROTOCOL_VIOLATION at the first that is too large, nested too deeply, or not JSON; nothing can be read then.
   */
  *read(chunk: Buffer): Generator<unknown, void, undefined> {
    this.#received += chunk.length;
    for (const line of this.#splitter.push(chunk)) {
      this.#complete = line.end;
      if (line.kind === 'oversize') throw tooLarge();
      if (line.bytes.length > 0) yield parseFrame(line.bytes, this.#maxDepth);
    }
    // A frame that never ends never becomes a line.
    if (this.inFrame && this.#received - this.#complete > maxFrameBytes) throw tooLarge();
  }
}

function parseFrame(bytes: Buffer, maxDepth: number): unknown {
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
