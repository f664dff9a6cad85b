import type { Attach } from '@runtime/contracts/adapter';
import type { LaunchRecord } from '../run-files.ts';

/** How a person joins a run at its terminal. `-u`: UTF-8 in any locale. */
export function attachOf({ tmux, socket, session }: Pick<LaunchRecord, 'tmux' | 'socket' | 'session'>): Attach {
  const command = [tmux, '-u', '-S', socket, 'attach-session', '-t', `=${session}`];
  return { command, readOnly: [...command, '-r'] };
}
