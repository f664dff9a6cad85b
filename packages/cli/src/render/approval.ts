import type { Choice } from '@runtime/contracts';
import { offers, type Mount } from '../mount.ts';
import type { Colours } from './output.ts';
import { sanitize, sanitizeLine } from '../sanitize.ts';
import { shortId } from './short-id.ts';

/** An approval, as events and views have it. */
export interface ShownApproval {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly message?: string | undefined;
  readonly choices: readonly Choice[];
  readonly input?: boolean | undefined;
}

const maxMessageLines = 20;

/** The command that answers approvals of a task, without what is answered; undefined where it is not offered. */
export function answerCommand(program: string, taskId: string, mount: Mount | undefined): string | undefined {
  return offers(mount, 'answer') ? `${program} answer ${shortId(taskId)}` : undefined;
}

/** An approval and how to answer it, by a command that takes its id and a choice: several lines, sanitised. */
export function describeApproval(approval: ShownApproval, command: string | undefined, c: Colours): string {
  const lines = [`${c.yellow('?')} ${c.bold(sanitizeLine(approval.title, 300))} ${c.dim(`(${approval.kind})`)}`];
  const message = sanitize(approval.message ?? '').trim();
  const all = message === '' ? [] : message.split('\n');
  for (const line of all.slice(0, maxMessageLines)) lines.push(`  ${line}`);
  if (all.length > maxMessageLines) lines.push(c.dim(`  … ${all.length - maxMessageLines} more lines`));
  if (command === undefined) return lines.join('\n');
  const ids = approval.choices.map((choice) => shellWord(sanitizeLine(choice.id)));
  const answers = approval.input ? [...ids, '<text>'] : ids;
  lines.push(`  ${command} ${shellWord(sanitizeLine(approval.id))} ${answers.join(' | ')}`);
  return lines.join('\n');
}

/** A word as a shell reads it, quoted where needed: the line is meant to be copied. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
