import { unmetNeeds, type ErrorCode, type Target, type TaskSpec } from '@runtime/contracts';
import type { AgentRuntime } from '@runtime/contracts/adapter';

/** Why a runtime will not do for a task. */
export interface Unfit {
  /** INVALID_ARGUMENT for a target that names what is not there, UNSUPPORTED for a runtime that can do too little. */
  readonly code: Extract<ErrorCode, 'INVALID_ARGUMENT' | 'UNSUPPORTED'>;
  readonly reason: string;
  readonly hint?: string;
}

const maxNamed = 20;

/** Why this runtime will not do for a task on this target; undefined when it will. */
export function unfit(found: AgentRuntime, target: Target, { needs }: Pick<TaskSpec, 'needs'>): Unfit | undefined {
  const unmet = unmetNeeds(needs, found.capabilities);
  if (unmet.length > 0) {
    return { code: 'UNSUPPORTED', reason: `The runtime lacks what the task needs: ${unmet.join(', ')}` };
  }
  const { model, thinking } = target;
  if ((model !== undefined || thinking !== undefined) && !found.capabilities.models) {
    return { code: 'UNSUPPORTED', reason: 'No model can be chosen on this runtime' };
  }
  if (model === undefined || found.models === undefined || found.models.includes(model)) return undefined;
  const more = found.models.length > maxNamed ? `, and ${found.models.length - maxNamed} more` : '';
  return {
    code: 'INVALID_ARGUMENT',
    reason: `There is no model ${JSON.stringify(model)} on this runtime`,
    hint: `its models: ${found.models.slice(0, maxNamed).join(', ') || 'none'}${more}`,
  };
}
