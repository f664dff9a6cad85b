import { StringDecoder } from 'node:string_decoder';
import { AgentRuntimeError, errorDataSchema } from '@runtime/contracts';
import { z } from 'zod';

export const protocol = 'runtime-socket/1';
/** One frame, in UTF-16 units of its JSON. A page of events is far below. */
export const maxFrameChars = 32 * 1024 * 1024;

/** Both ways one JSON document a line. The server speaks first. */
export const helloSchema = z.object({ protocol: z.literal(protocol), epoch: z.int(), pid: z.int() });

export const requestSchema = z.strictObject({
  id: z.int().min(0),
  /** A stream has its connection for itself, which makes its reader's pace the socket's. */
  kind: z.enum(['call', 'stream', 'cancel']),
  method: z.string().max(100).default(''),
  params: z.record(z.string(), z.unknown()).default({}),
});
export type Request = z.infer<typeof requestSchema>;

export const responseSchema = z.discriminatedUnion('kind', [
  z.object({ id: z.int(), kind: z.literal('result'), result: z.unknown() }),
  z.object({ id: z.int(), kind: z.literal('items'), items: z.array(z.unknown()) }),
  z.object({ id: z.int(), kind: z.literal('end') }),
  z.object({ id: z.int(), kind: z.literal('error'), error: errorDataSchema }),
]);
export type Response = z.infer<typeof responseSchema>;

/** Splits what comes over a socket into its frames. Throws PROTOCOL_VIOLATION for one that is too large or no JSON. */
export class FrameReader {
  readonly #decoder = new StringDecoder('utf8');
  #parts: string[] = [];
  #chars = 0;

  push(chunk: Buffer): unknown[] {
    const frames: unknown[] = [];
    let text = this.#decoder.write(chunk);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      this.#parts.push(text.slice(0, at));
      this.#check(this.#chars + at);
      const line = this.#parts.join('');
      this.#parts = [];
      this.#chars = 0;
      text = text.slice(at + 1);
      if (line !== '') frames.push(parseFrame(line));
    }
    this.#parts.push(text);
    this.#chars += text.length;
    this.#check(this.#chars);
    return frames;
  }

  #check(chars: number): void {
    if (chars > maxFrameChars)
      throw new AgentRuntimeError('PROTOCOL_VIOLATION', `a frame is larger than ${maxFrameChars} characters`);
  }
}

function parseFrame(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new AgentRuntimeError('PROTOCOL_VIOLATION', 'a frame is not JSON', { cause });
  }
}
