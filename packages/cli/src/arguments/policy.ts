import { policyActionSchema, type ApprovalPolicy, type PolicyRule } from '@runtime/contracts';
import { usageError } from './usage-error.ts';

const hint =
  'write <tool>=ask, <tool>=deny, <tool>=allow or <tool>:<text in its input>=ask; the tool * stands for every tool';

/** Parses `bash=ask`, `bash:rm -rf=deny` or `*=ask`. Splits at the last `=`: the text to match may contain others. */
export function parsePolicyRule(text: string): PolicyRule {
  const at = text.lastIndexOf('=');
  const action = policyActionSchema.safeParse(text.slice(at + 1));
  const subject = text.slice(0, Math.max(0, at));
  const colon = subject.indexOf(':');
  const tool = colon < 0 ? subject : subject.slice(0, colon);
  const match = colon < 0 ? undefined : subject.slice(colon + 1);
  if (!action.success || tool === '' || match === '')
    throw usageError(`${JSON.stringify(text)} is not an approval rule`, hint);
  return { tool, action: action.data, ...(match === undefined ? {} : { match }) };
}

/** Puts the rules of the command line before those of the configuration, because the first rule that fits decides. */
export function mergePolicies(
  rules: readonly PolicyRule[],
  base: ApprovalPolicy | undefined,
): ApprovalPolicy | undefined {
  if (rules.length === 0) return base;
  return {
    rules: [...rules, ...(base?.rules ?? [])],
    default: base?.default ?? 'allow',
    timeoutMs: base?.timeoutMs ?? 3_600_000,
  };
}
