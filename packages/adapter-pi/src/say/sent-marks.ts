import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '@runtime/adapter-kit/run';
import { piRunFiles } from '../run-files.ts';

/** `sending`: the write may have begun. `written`: the kernel has all of it, and Pi will read it. */
export type SentMark = 'sending' | 'written';

/**
 * Records in the run's directory which instructions were written to Pi's input. A later owner needs that, because it
 * cannot see what is in the FIFO. The marks need to survive this process only: if the machine stops, Pi stops too, so
 * nothing is synced.
 */
export class SentMarks {
  readonly #folder: string;

  constructor(runDir: string) {
    this.#folder = piRunFiles(runDir).sent;
  }

  /** To be called before the write. */
  async sending(id: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await replaceFile(this.#file(id, 'sending'), '');
  }

  /** To be called after the write. */
  async written(id: string): Promise<void> {
    await rename(this.#file(id, 'sending'), this.#file(id, 'written'));
  }

  /** Nothing was sent after all. */
  async remove(id: string): Promise<void> {
    await rm(this.#file(id, 'sending'), { force: true });
  }

  /** All marks, by instruction. */
  async read(): Promise<Map<string, SentMark>> {
    const marks = new Map<string, SentMark>();
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const { name: id, ext } = path.parse(name);
      if (ext === '.written') marks.set(id, 'written');
      else if (ext === '.sending' && !marks.has(id)) marks.set(id, 'sending');
    }
    return marks;
  }

  #file(id: string, mark: SentMark): string {
    return path.join(this.#folder, `${id}.${mark}`);
  }
}
