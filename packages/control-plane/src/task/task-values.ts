import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTail, replaceFile, syncDirectory, writeNew } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, systemCode, type TaskSpec } from '@runtime/contracts';
import { z } from 'zod';

const variablesSchema = z.record(z.string(), z.string());
const valuesSchema = z.object({
  version: z.literal(1),
  /** Of the shell that asked. */
  environment: variablesSchema.optional(),
  /** `env.set` of the request. */
  set: variablesSchema.optional(),
});

/** What a task was given that must not stand in the log: values of variables. */
export type TaskValues = Omit<z.infer<typeof valuesSchema>, 'version'>;

/** More than the request may hold, when each character needs six. */
const maxFileBytes = 16 * 1024 * 1024;
const keyBytes = 32;

/** Whether the task was given values when it was submitted. */
export const hasValues = ({ environment, env }: TaskSpec): boolean =>
  environment !== undefined || (env?.setNames ?? []).length > 0;

/** The values of unfinished tasks, each in `tasks/<taskId>/values.json` of the data directory: 0600, in 0700. */
export class TaskValueFiles {
  readonly #dataDir: string;
  readonly #dir: string;
  #key: Promise<Buffer> | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#dir = join(dataDir, 'tasks');
  }

  /** Durable when it resolves. Throws EXHAUSTED when the disk is full, UNAVAILABLE. */
  async write(taskId: string, values: TaskValues): Promise<void> {
    const folder = join(this.#dir, taskId);
    try {
      // Not with its parents: a data directory that was removed is not made again by its old owner.
      for (const each of [this.#dir, folder]) await makeFolder(each);
      await replaceFile(this.#file(taskId), JSON.stringify({ version: 1, ...values }), { durable: true });
      for (const parent of [this.#dir, this.#dataDir]) await syncDirectory(parent);
    } catch (thrown) {
      throw unwritten(thrown);
    }
  }

  /** Undefined when they are gone or damaged. Throws UNAVAILABLE when they cannot be read. */
  async read(taskId: string): Promise<TaskValues | undefined> {
    const bytes = await readTail(this.#file(taskId), maxFileBytes);
    return valuesSchema.safeParse(parse(bytes.toString('utf8'))).data;
  }

  /** Removes the values of a task that has ended. A failure is only warned about: the next opening removes them. */
  async remove(taskId: string): Promise<void> {
    await rm(join(this.#dir, taskId), { recursive: true, force: true }).catch(warn);
  }

  /** Removes what earlier owners left: values of tasks that have ended, or were never submitted. */
  async sweep(isUnfinished: (taskId: string) => boolean): Promise<void> {
    const names = await readdir(this.#dir).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') warn(error);
      return [];
    });
    for (const name of names) if (!isUnfinished(name)) await this.remove(name);
  }

  /**
   * By which equal values are known again, also after the task has ended. The key is in a file of its own, because a
   * plain digest of a short secret can be guessed.
   */
  async digest(values: Readonly<Record<string, string>>): Promise<string> {
    this.#key ??= this.#readKey();
    const key = await this.#key.catch((error: unknown) => {
      this.#key = undefined;
      throw error;
    });
    const entries = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
    return createHmac('sha256', key).update(JSON.stringify(entries)).digest('hex');
  }

  async #readKey(): Promise<Buffer> {
    const file = join(this.#dataDir, 'digest.key');
    const found = await readTail(file, keyBytes);
    if (found.length === keyBytes) return found;
    const key = randomBytes(keyBytes);
    try {
      // A shorter one is what a crash left: nothing was signed with it.
      await (found.length === 0 ? writeNew : replaceFile)(file, key, { durable: true });
      await syncDirectory(this.#dataDir);
    } catch (thrown) {
      throw unwritten(thrown);
    }
    return key;
  }

  #file(taskId: string): string {
    return join(this.#dir, taskId, 'values.json');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

const fullDisk: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

function unwritten(thrown: unknown): AgentRuntimeError {
  const error = AgentRuntimeError.from(thrown, 'UNAVAILABLE');
  const code = systemCode(error.cause) ?? systemCode(thrown);
  if (!fullDisk.has(code)) return error;
  return new AgentRuntimeError('EXHAUSTED', 'the disk is full', { hint: 'free disk space', cause: thrown });
}

function warn(error: unknown): void {
  const { message } = AgentRuntimeError.from(error);
  process.emitWarning(`values of ended tasks could not be removed: ${message}`, 'AgentRuntimeWarning');
}
