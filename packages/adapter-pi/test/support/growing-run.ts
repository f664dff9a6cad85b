import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readIdentity } from '@runtime/adapter-kit/process';
import { runPaths } from '@runtime/adapter-kit/run';
import { makeHandle } from '@runtime/conformance/adapter';
import type { RuntimeHandle, SourceBatch } from '@runtime/contracts/adapter';
import { piEvents } from '../../src/events.ts';
import { PiOutput } from '../../src/read/pi-output.ts';

/** A run whose output the test writes; it lives until it is ended. */
export class GrowingRun implements AsyncDisposable {
  readonly handle: RuntimeHandle;
  readonly #dir: string;
  readonly #outputs: PiOutput[] = [];

  private constructor(dir: string, handle: RuntimeHandle) {
    this.#dir = dir;
    this.handle = handle;
  }

  static async begin(): Promise<GrowingRun> {
    const dir = await mkdtemp(join(tmpdir(), 'adapter-pi-'));
    const handle = await makeHandle(dir);
    const me = await readIdentity(process.pid);
    const record = { version: 1, runId: handle.runId, holder: me, agent: { ...me, pgid: process.pid } };
    await writeFile(runPaths(handle.runDir).holder, JSON.stringify(record));
    await writeFile(runPaths(handle.runDir).stdout, '');
    return new GrowingRun(dir, handle);
  }

  write(text: string | Buffer): Promise<void> {
    return appendFile(runPaths(this.handle.runDir).stdout, text);
  }

  end(code = 0): Promise<void> {
    const record = { version: 1, began: true, exit: { kind: 'exited', code } };
    return writeFile(runPaths(this.handle.runDir).exit, JSON.stringify(record));
  }

  /** As an owner has it. */
  output(secrets: readonly string[] = [], handOverBytes?: number): PiOutput {
    const output = new PiOutput(this.handle, { secrets, ...(handOverBytes === undefined ? {} : { handOverBytes }) });
    this.#outputs.push(output);
    return output;
  }

  /** A reader of the events. */
  events(output: PiOutput, after?: string, secrets: readonly string[] = []): AsyncGenerator<SourceBatch, void> {
    return piEvents(this.handle, output.relay, { after, secrets, signal: new AbortController().signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const output of this.#outputs) await output.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** All batches, without the time that only the last record of a file has: whether it was the last depends on the reader. */
export async function collected(source: AsyncIterable<SourceBatch>): Promise<SourceBatch[]> {
  const batches: SourceBatch[] = [];
  for await (const batch of source) batches.push(undated(batch));
  return batches;
}

export function undated(dated: SourceBatch): SourceBatch {
  const { at: _, ...batch } = dated;
  return batch;
}
