import { sanitizeLine } from '../sanitize.ts';
import { answerCommand, describeApproval } from './approval.ts';
import { describeCheck } from './check.ts';
import { formatBytes } from './bytes.ts';
import { shortId } from './short-id.ts';
import { describeCall } from './tool-line.ts';
import type { LineStyle, LineWriters } from './line-writer.ts';

const json = (value: unknown): string =>
  value === undefined ? '' : ` ${sanitizeLine(JSON.stringify(value) ?? '', 120)}`;

const instructionStep = (
  event: { readonly type: string; readonly instructionId: string },
  { colours: c, verbose }: LineStyle,
): string | undefined =>
  verbose ? c.dim(`» ${shortId(event.instructionId)} ${event.type.slice('instruction.'.length)}`) : undefined;

/** The others have been shown, or are what the agent did. */
const shownOrigins: ReadonlySet<string> = new Set(['deliverable', 'put', 'worktree']);

/** The lines of events about tools, approvals, instructions and messages. */
export const workLines: LineWriters = {
  'tool.started': (event, { colours: c }) => describeCall(event.name, event.input, c),
  'child.started': (event, { colours: c }) =>
    `${c.cyan('▸')} sub-agent ${c.bold(sanitizeLine(event.name ?? event.childId))}`,
  'child.ended': (event, { colours: c }) =>
    event.ok ? undefined : `${c.red('✗')} sub-agent ${sanitizeLine(event.childId)} failed`,

  'approval.requested': (event, { colours: c, program, mount }) => {
    const command = answerCommand(program, event.stream.slice('task/'.length), mount);
    return describeApproval({ ...event, id: event.approvalId }, command, c);
  },
  'approval.resolved': ({ resolution, by }, { colours: c }) => {
    if (resolution.kind === 'cancelled') return `${c.yellow('?')} the question was withdrawn`;
    const { choice, value } = resolution.decision;
    const how =
      resolution.kind === 'expired' ? 'not answered in time, the default applies:' : `answered by ${sanitizeLine(by)}:`;
    return `${c.yellow('?')} ${how}${json(choice ?? value)}`;
  },

  'instruction.queued': (event, { colours: c }) => {
    if (event.mode === 'prompt') return undefined;
    const text = (event.parts ?? []).map((part) => (part.type === 'text' ? part.text : `[${part.type}]`)).join(' ');
    return `${c.magenta('»')} ${event.mode === 'steer' ? 'steer' : 'follow-up'}: ${sanitizeLine(text, 200)}`;
  },
  'instruction.sending': instructionStep,
  'instruction.accepted': instructionStep,
  'instruction.delivered': instructionStep,
  'instruction.observed': instructionStep,
  'instruction.declined': (event, { colours: c }) =>
    `${c.yellow('!')} instruction ${shortId(event.instructionId)} was declined: ${sanitizeLine(event.reason)}`,
  'instruction.unknown': (event, { colours: c }) =>
    `${c.yellow('!')} it is unknown whether instruction ${shortId(event.instructionId)} arrived: ${sanitizeLine(event.reason)}`,

  'message.discarded': (event, { colours: c }) =>
    `${c.yellow('!')} the agent discarded its message: ${sanitizeLine(event.reason)}`,
  'check.started': ({ round }, { colours: c }) => c.dim(`· check ${round}`),
  // What follows a failure has a line that says it.
  'check.ended': (event, { colours: c, verbose }) => {
    if (event.ok) return `${c.green('✓')} the check passed`;
    return verbose ? `${c.yellow('!')} the check failed: ${describeCheck(event)}` : undefined;
  },
  // The message itself has been shown, and of a check the agent is told.
  'artifact.stored': ({ artifact, origin }, { colours: c, verbose }) =>
    !shownOrigins.has(origin) && !verbose
      ? undefined
      : c.dim(`· kept ${sanitizeLine(artifact.name)} (${formatBytes(artifact.bytes)})`),
  'artifact.refused': ({ name, message, omitted = 0 }, { colours: c }) => {
    const more = omitted === 0 ? '' : `, and ${omitted} more`;
    return `${c.yellow('!')} not kept: ${sanitizeLine(name)} (${sanitizeLine(message)})${more}`;
  },
};
