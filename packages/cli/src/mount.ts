import { usageError } from './arguments/usage-error.ts';

/** The commands, by the heading that they stand under in the help. */
export const commandGroups = {
  'Tasks:': [
    'run',
    'submit',
    'watch',
    'wait',
    'list',
    'status',
    'events',
    'log',
    'artifacts',
    'diff',
    'apply',
    'requeue',
    'rm',
    'prune',
  ],
  'Talking to a task:': ['steer', 'follow-up', 'interrupt', 'cancel', 'close', 'answer', 'attach'],
  'This machine:': ['runtimes', 'serve', 'stop', 'verify', 'doctor', 'config'],
} as const;

/** A command that a host can mount. An alias follows its command, and a command of `config` follows that. */
export type CommandName = (typeof commandGroups)[keyof typeof commandGroups][number];

/** Every command that can be mounted, in the order of the help. */
export const commandNames: readonly CommandName[] = Object.values(commandGroups).flat();

/** Where the commands stand in the program of a host, and which of them do. */
export interface Mount {
  /** What a person types before the name of a command, such as `openclaw runtime`: so the help, hints and errors say it. */
  readonly name: string;
  /** The commands that are there. @default every one */
  readonly commands?: readonly CommandName[];
}

/** True for a command that a person can type here. Without a mount, this is the whole `runtime` program. */
export function offers(mount: Mount | undefined, name: CommandName): boolean {
  return mount?.commands === undefined || mount.commands.includes(name);
}

/** Checks what a host gave. Throws INVALID_ARGUMENT for a command that is none, and for an empty name. */
export function checkMount({ name, commands = [] }: Mount): void {
  if (name.trim() === '') throw usageError('the name that the commands are mounted under is empty');
  const known: readonly string[] = commandNames;
  const unknown = commands.find((each) => !known.includes(each));
  if (unknown === undefined) return;
  throw usageError(`${JSON.stringify(unknown)} is not a command that can be mounted`, `known: ${known.join(', ')}`);
}
