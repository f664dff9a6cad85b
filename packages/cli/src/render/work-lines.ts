import type { Colours } from './output.ts';
import { sanitizeLine } from '../sanitize.ts';
import { describeApproval } from './approval.ts';
import type { LineWriters } from './line-writer.ts';

const json = (value: unknown): string =>
  value === undefined ? '' : ` ${sanitizeLine(JSON.stringify(value) ?? '', 120)}`;

const instructionStep = (
  event: { readonly type: string; readonly instructionId: string },
  c: Colours,
  verbose: boolean,
): string | undefined =>
  verbose ? c.dim(`» ${event.instructionId} ${event.type.slice('instruction.'.length)}`) : undefined;

/** The lines of events about tools, approvals, instructions and messages. */
export const workLines: LineWriters = {
  'tool.started': (event, c) => `${c.cyan('▸')} ${c.bold(sanitizeLine(event.name))}${c.dim(json(event.input))}`,
  'tool.ended': (event, c) =>
    event.ok === false ? `${c.red('✗')} ${sanitizeLine(event.output ?? 'the tool failed', 200)}` : undefined,
  'child.started': (event, c) => `${c.cyan('▸')} sub-agent ${c.bold(sanitizeLine(event.name ?? event.childId))}`,
  'child.ended': (event, c) => (event.ok ? undefined : `${c.red('✗')} sub-agent ${sanitizeLine(event.childId)} failed`),

  'approval.requested': (event, c) =>
    describeApproval({ ...event, id: event.approvalId }, event.stream.slice('task/'.length), c),
  'approval.resolved': ({ resolution, by }, c) => {
    if (resolution.kind === 'cancelled') return `${c.yellow('?')} the question was withdrawn`;
    const { choice, value } = resolution.decision;
    const how =
      resolution.kind === 'expired' ? 'not answered in time, the default applies:' : `answered by ${sanitizeLine(by)}:`;
    return `${c.yellow('?')} ${how}${json(choice ?? value)}`;
  },

  'instruction.queued': (event, c) => {
    if (event.mode === 'prompt') return undefined;
    const text = (event.parts ?? []).map((part) => (part.type === 'text' ? part.text : `[${part.type}]`)).join(' ');
    return `${c.magenta('»')} ${event.mode === 'steer' ? 'steer' : 'follow-up'}: ${sanitizeLine(text, 200)}`;
  },
  'instruction.sending': instructionStep,
  'instruction.accepted': instructionStep,
  'instruction.delivered': instructionStep,
  'instruction.observed': instructionStep,
  'instruction.declined': (event, c) =>
    `${c.yellow('!')} instruction ${event.instructionId} was declined: ${sanitizeLine(event.reason)}`,
  'instruction.unknown': (event, c) =>
    `${c.yellow('!')} it is unknown whether instruction ${event.instructionId} arrived: ${sanitizeLine(event.reason)}`,

  'message.discarded': (event, c) => `${c.yellow('!')} the agent discarded its message: ${sanitizeLine(event.reason)}`,
  'context.compacted': (_event, c) => c.dim('· the agent compacted its context'),
  'artifact.stored': ({ artifact }, c) => c.dim(`· artifact ${sanitizeLine(artifact.name)} (${artifact.bytes} bytes)`),
};
