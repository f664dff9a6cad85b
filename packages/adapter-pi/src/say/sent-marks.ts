import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { piRunFiles } from '../run-files.ts';

/** `sending`: its bytes may have begun to leave. `written`: all of them were handed to the kernel, and Pi will read them. */
export type SentMark = 'sending' | 'written';

/**
 * Remembers in the run's directory which instructions were handed to Pi's input, for an owner who comes after us: what stands in a FIFO
 * cannot be looked at. Meant to outlive our process, not the machine, with which Pi dies as well: nothing is synced.
 */
export class SentMarks {
  readonly #folder: string;

  constructor(runDir: string) {
    this.#folder = piRunFiles(runDir).sent;
  }

  /** Right before the first byte leaves. */
  async sending(id: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await (await open(this.#file(id, 'sending'), 'w', 0o600)).close();
  }

  async written(id: string): Promise<void> {
    await rename(this.#file(id, 'sending'), this.#file(id, 'written'));
  }

  /** Provably nothing of it left. */
  async taken(id: string): Promise<void> {
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
