import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AgentRuntimeError, idSchema, type CallOptions, type ControlPlane } from '@runtime/contracts';
import { taskView } from '@runtime/contracts/fold';
import type { EventLog } from '@runtime/contracts/log';
import { openEventLog, readOwner } from '@runtime/event-log';
import type { Channel } from '../client/channel.ts';
import { PlaneClient } from '../client/plane-client.ts';
import { listed, listParamsSchema } from '../api/list-tasks.ts';
import { parseWith } from '../client/parse.ts';
import { noSuchTask, stateOf, TaskRegistry } from '../plane/task-registry.ts';
import { readEvents } from '../api/read-events.ts';
import { version } from '../version.ts';

/** Reads a data directory without owning it: status, list and events from its files. Everything else is UNAVAILABLE. */
export async function openReadOnlyPlane({ dataDir }: { readonly dataDir: string }): Promise<ControlPlane> {
  const dir = resolve(dataDir);
  const found = await stat(dir).catch(() => undefined);
  if (found && !found.isDirectory()) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${dir} is not a directory`, { hint: 'name a data directory' });
  }
  if (!(await stat(join(dir, 'log')).catch(() => undefined))) {
    throw new AgentRuntimeError('NOT_FOUND', `nothing has been run in ${dir} yet`, {
      hint: 'runtime run starts the first task',
    });
  }
  const log = await openEventLog({ dir: join(dir, 'log'), readOnly: true });
  const closing = new AbortController();
  return new PlaneClient(new FileChannel(log, dir, closing.signal), async () => {
    closing.abort();
    await log.close();
  });
}

class FileChannel implements Channel {
  readonly #log: EventLog;
  readonly #dataDir: string;
  readonly #closing: AbortSignal;
  /** Files do not go away. */
  readonly lost = new Promise<never>(() => undefined);

  constructor(log: EventLog, dataDir: string, closing: AbortSignal) {
    this.#log = log;
    this.#dataDir = dataDir;
    this.#closing = closing;
  }

  async call(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { signal }: CallOptions = {},
  ): Promise<unknown> {
    const taskId = method.startsWith('task.') ? parseWith(idSchema, params['taskId'], method) : '';
    switch (method) {
      case 'task.status':
        return taskView(await stateOf(this.#log, taskId));
      case 'task.level':
        return (await stateOf(this.#log, taskId)).instructions[String(params['instructionId'])]?.level;
      case 'task.outcome':
        return this.#outcome(taskId, signal);
      case 'tasks.list':
        return this.#list(params);
      case 'info': {
        const owner = await readOwner(join(this.#dataDir, 'lock.db'));
        const unfinished = (await this.#registry()).unfinished.size;
        return {
          logId: this.#log.logId,
          epoch: owner?.epoch ?? 0,
          pid: owner?.pid ?? 0,
          dataDir: this.#dataDir,
          version,
          unfinished,
          clients: 0,
        };
      }
      default:
        throw new AgentRuntimeError('UNAVAILABLE', `${method} needs an owner of ${this.#dataDir}, and there is none`, {
          hint: 'runtime serve --detach starts one',
        });
    }
  }

  /** Somebody else may own it meanwhile, and bring the task to its end. */
  async #outcome(taskId: string, signal: AbortSignal | undefined): Promise<unknown> {
    for await (const events of this.stream('events', { taskId }, signal ? { signal } : {})) {
      const last = events.at(-1);
      if (
        typeof last === 'object' &&
        last !== null &&
        'outcome' in last &&
        'type' in last &&
        last.type === 'task.ended'
      )
        return last.outcome;
    }
    throw new AgentRuntimeError('CANCELLED', `task ${taskId} has not ended`);
  }

  async #registry(): Promise<TaskRegistry> {
    return TaskRegistry.load(
      this.#log,
      () => undefined,
      () => undefined,
    );
  }

  async #list(params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const parsed = parseWith(listParamsSchema, params, 'tasks.list');
    return listed((await this.#registry()).views(), parsed);
  }

  async *stream(
    _method: string,
    params: Readonly<Record<string, unknown>>,
    { signal }: CallOptions = {},
  ): AsyncIterable<readonly unknown[]> {
    const ending = signal ? AbortSignal.any([signal, this.#closing]) : this.#closing;
    const exists = (id: string): void => {
      if (this.#log.revision(`task/${id}`) === 0) throw noSuchTask(id);
    };
    yield* readEvents(this.#log, params, exists, ending);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
