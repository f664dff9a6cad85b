import { AgentRuntimeError, jsonDepthExceeds, type Choice, type Decision } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { toolDialogTitle } from '../extension/approval-extension.ts';
import type { PiRecordOf } from '../wire.ts';
import { headOf } from '@runtime/adapter-kit/source';
import { headAndTail } from './text.ts';

/** A question of an extension. Pi waits for the answer, and does not even abort before. */
export interface Dialog {
  readonly id: string;
  readonly method: 'select' | 'confirm' | 'input' | 'editor';
  readonly options: readonly string[];
  /** Pi cancels the dialog after some time, without reporting it. */
  readonly timed: boolean;
  /** The tool call that waits for the answer; only in dialogs of the adapter's own extension. */
  readonly callId?: string;
}

type UiRequest = PiRecordOf<'extension_ui_request'>;
const methods: readonly string[] = ['select', 'confirm', 'input', 'editor'] satisfies Dialog['method'][];
const isDialog = (method: string): method is Dialog['method'] => methods.includes(method);

interface ToolQuestion {
  readonly tool: string;
  readonly callId?: string;
  readonly input: string;
}

/** The question of the adapter's own extension; undefined for dialogs of others. */
function toolQuestion(request: UiRequest): ToolQuestion | undefined {
  if (request.method !== 'confirm' || request.title !== toolDialogTitle) return undefined;
  try {
    if (jsonDepthExceeds(request.message ?? '', 4)) return undefined;
    const value: unknown = JSON.parse(request.message ?? '');
    if (typeof value !== 'object' || value === null) return undefined;
    const { tool, callId, input } = value as Record<string, unknown>;
    if (typeof tool !== 'string' || typeof input !== 'string') return undefined;
    return { tool, input, ...(typeof callId === 'string' && callId !== '' ? { callId: callId.slice(0, 512) } : {}) };
  } catch {
    return undefined;
  }
}

/** The dialog in a request; undefined for a request that expects no answer (notify, setStatus, …). */
export function dialogOf(request: UiRequest): Dialog | undefined {
  if (!isDialog(request.method)) return undefined;
  const callId = toolQuestion(request)?.callId;
  return {
    id: request.id,
    method: request.method,
    options: request.options ?? [],
    timed: (request.timeout ?? 0) > 0,
    ...(callId === undefined ? {} : { callId }),
  };
}

const maxChoices = 100;

function choicesOf(dialog: Dialog, isTool: boolean): Choice[] {
  if (dialog.method === 'confirm') {
    return [
      { id: 'allow', label: isTool ? 'Allow' : 'Yes', kind: 'allow' },
      { id: 'deny', label: isTool ? 'Deny' : 'No', kind: 'deny' },
    ];
  }
  return dialog.options
    .slice(0, maxChoices)
    .map((option, index) => ({ id: String(index + 1), label: headOf(option, 500), kind: 'other' }));
}

/** The dialog as an approval request to the plane. */
export function approvalOf(request: UiRequest, dialog: Dialog): SessionEvent {
  const question = toolQuestion(request);
  const message = question?.input ?? request.message ?? request.prefill ?? request.placeholder;
  const title = question ? `Allow the tool ${question.tool}?` : request.title || 'An extension asks a question';
  const timeout = Math.round(request.timeout ?? 0);
  return {
    type: 'approval.requested',
    approvalId: dialog.id,
    kind: question ? 'tool' : 'dialog',
    title: headOf(title, 2000),
    ...(message === undefined ? {} : { message: headAndTail(message, 65_536) }),
    ...(dialog.callId === undefined ? {} : { callId: dialog.callId }),
    choices: choicesOf(dialog, question !== undefined),
    ...(dialog.method === 'confirm' ? {} : { input: true }),
    ...(timeout > 0 ? { timeoutMs: timeout } : {}),
  };
}

/** The command that answers a dialog. Throws INVALID_ARGUMENT for a choice that was not offered. */
export function answerOf(dialog: Dialog, decision: Decision | 'cancelled'): Record<string, unknown> {
  const base = { type: 'extension_ui_response', id: dialog.id };
  if (decision === 'cancelled') return { ...base, cancelled: true };
  if (dialog.method === 'confirm') {
    if (decision.choice !== 'allow' && decision.choice !== 'deny') throw notOffered(decision.choice);
    return { ...base, confirmed: decision.choice === 'allow' };
  }
  if (decision.choice !== undefined) {
    const option = dialog.options.slice(0, maxChoices)[Number(decision.choice) - 1];
    if (option === undefined) throw notOffered(decision.choice);
    return { ...base, value: option };
  }
  const value = decision.value ?? '';
  if (dialog.method === 'select' && !dialog.options.includes(value)) throw notOffered(value);
  return { ...base, value };
}

const notOffered = (choice: string | undefined): AgentRuntimeError =>
  new AgentRuntimeError(
    'INVALID_ARGUMENT',
    `the choice ${JSON.stringify(choice ?? '').slice(0, 200)} was not offered`,
    {
      hint: 'answer with the id of one of the choices in the approval',
    },
  );
