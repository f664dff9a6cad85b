import { AgentRuntimeError, type SubmittedFrom, type TaskSpec } from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import type { PlaneContext } from '../task/context.ts';
import type { TaskValues } from '../task/task-values.ts';
import type { Task } from '../task/task.ts';
import { specDigest } from './spec-digest.ts';
import type { TaskRegistry } from './task-registry.ts';

/** Where submitted tasks go. */
export interface TaskMaker {
  readonly registry: TaskRegistry;
  readonly ctx: Pick<PlaneContext, 'newId' | 'values' | 'closing'>;
  newTask(): Task;
  state(id: string): Promise<TaskState>;
}

export interface Submission {
  readonly spec: TaskSpec;
  /** Same key, same task. */
  readonly key?: string;
  /** Who asks. Not a part of what the key stands for. */
  readonly by?: string;
  /** Kept beside the log. */
  readonly values?: TaskValues;
  /** The runs that it comes from, the nearest first. Not a part of what the key stands for. */
  readonly ancestors?: readonly SubmittedFrom[];
}

/** Makes tasks of submissions: one task for each key, however often and however concurrently it is submitted. */
export class Submissions {
  readonly #plane: TaskMaker;
  /** Submissions by key that are on their way to the log. */
  readonly #pending = new Map<string, Promise<string>>();

  constructor(plane: TaskMaker) {
    this.#plane = plane;
  }

  /**
   * Resolves with the task's id once the task is durable. CONFLICT for a key that was used for another request
   * (`details.taskId`).
   */
  async submit(submission: Submission): Promise<string> {
    const { spec, key } = submission;
    if (key === undefined) return this.#append(submission);
    await this.#plane.registry.loadKeys();
    // One after the other: when one fails the next takes its place, and those behind it wait for that one.
    for (let pending = this.#pending.get(key); pending; pending = this.#pending.get(key))
      await pending.catch(() => undefined);
    const known = this.#plane.registry.taskOfKey(key);
    if (known !== undefined) return this.#sameTask(known, key, specDigest(spec));
    const submitting = this.#append(submission).finally(() => this.#pending.delete(key));
    this.#pending.set(key, submitting);
    return submitting;
  }

  /** Whether a task was submitted with this key. */
  async isKnown(key: string): Promise<boolean> {
    await this.#plane.registry.loadKeys();
    return this.#plane.registry.taskOfKey(key) !== undefined;
  }

  async #sameTask(id: string, key: string, digest: string): Promise<string> {
    const { spec } = await this.#plane.state(id);
    if (specDigest(spec) === digest) return id;
    throw new AgentRuntimeError('CONFLICT', `the key ${JSON.stringify(key)} was used for another request, task ${id}`, {
      hint: 'use a new key, or submit exactly the same request',
      details: { taskId: id },
    });
  }

  async #append({ spec, key, by, values, ancestors = [] }: Submission): Promise<string> {
    const task = this.#plane.newTask();
    const { newId, values: files, closing } = this.#plane.ctx;
    const instructionId = newId('ins');
    try {
      // Before the task is known: no owner may find a task without its values.
      if (values) await files.write(task.id, values);
      await task.append((draft) => {
        const line = ancestors.length > 0 ? { ancestors } : {};
        const given = { ...(key === undefined ? {} : { key }), ...(by === undefined ? {} : { by }) };
        draft.push({ type: 'task.submitted', spec, ...given, instructionId, ...line });
      });
    } catch (error) {
      // A log that fails may have the task all the same: the next owner looks.
      if (values && !closing.aborted) await files.remove(task.id);
      throw error;
    }
    task.wake();
    return task.id;
  }
}
