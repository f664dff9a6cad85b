import { needsSchema, taskStatusSchema, type TaskStatus, type TaskView } from '@runtime/contracts';
import type { CommandContext } from '../invocation/context.ts';
import { shortId } from '../render/short-id.ts';
import { eventTypes } from './event-types.ts';
import type { Sources, Suggestions } from './suggestions.ts';

const unfinished: readonly TaskStatus[] = ['queued', 'running', 'waiting'];

/** The tasks that a command can be for. @default every task */
const statusesFor: Readonly<Record<string, readonly TaskStatus[]>> = {
  steer: unfinished,
  'follow-up': unfinished,
  interrupt: unfinished,
  cancel: unfinished,
  close: unfinished,
  attach: ['running', 'waiting'],
  answer: ['waiting'],
  requeue: ['succeeded', 'failed', 'cancelled', 'timed_out', 'lost'],
};

const maxTasks = 50;

/** Values from the data directory, the configuration and the tables of the contract. Reads only; starts no owner. */
export function suggestSources(context: CommandContext): Sources {
  const tasks = async (name: string, current: string): Promise<Suggestions> => {
    const plane = await context.reading();
    const statuses = statusesFor[name];
    const views = await plane.tasks({ limit: maxTasks, ...(statuses ? { status: statuses } : {}) });
    const ids = views.map(({ id }) => id);
    const isLong = current.includes('-');
    const named = views.map((view) => [isLong ? view.id : shortId(view.id, ids), aboutTask(view)] as const);
    return {
      values: [...(views.length > 0 ? [['last', 'the newest one here'] as const] : []), ...named],
      files: 'none',
    };
  };
  const none = (values: readonly string[]): Suggestions => ({
    values: values.map((each) => [each, '']),
    files: 'none',
  });
  const runtimes = async (): Promise<string[]> => Object.keys((await context.config()).config.runtimes ?? {});
  return async (name, command, current) => {
    switch (name) {
      case 'task':
      case 'tasks':
      case '--continue':
        return tasks(name === '--continue' ? 'requeue' : command.name(), current);
      case '--on':
        return none(lists(await runtimes(), current));
      case '--status':
        return none(lists(taskStatusSchema.options, current));
      case '--type':
        return none(lists(eventTypes, current));
      case '--needs':
        return none(lists(Object.keys(needsSchema.shape), current));
      case '--workspace':
      case '--data-dir':
        return { values: [], files: 'directories' };
      case '--config':
      case '--prompt-file':
      case '--env-from':
        return { values: [], files: 'files' };
      default:
        return undefined;
    }
  };
}

const aboutTask = (view: TaskView): string => `${view.status} · ${view.title}`;

/** Words as the next item of a list with commas. */
function lists(words: readonly string[], current: string): string[] {
  const before = current.slice(0, current.lastIndexOf(',') + 1);
  // What is there may have a level: steer=delivered.
  const given = before.split(',').map((item) => item.split('=')[0]);
  return words.filter((word) => !given.includes(word)).map((word) => `${before}${word}`);
}
