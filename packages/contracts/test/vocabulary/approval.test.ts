import { describe, expect, it } from 'vitest';
import {
  approvalPolicySchema,
  decisionSchema,
  resolutionSchema,
  type ApprovalPolicy,
  type PolicyRule,
} from '../../src/index.ts';
import { policyAction, policyAsks } from '../../src/adapter/index.ts';

const policy = (rules: PolicyRule[], fallback: ApprovalPolicy['default'] = 'allow'): ApprovalPolicy => ({
  rules,
  default: fallback,
  timeoutMs: 1000,
});
const push = { tool: 'bash', match: 'git push', action: 'ask' } as const;

describe('an approval policy', () => {
  it.each<[ApprovalPolicy, string, string, string]>([
    [policy([]), 'bash', '{}', 'allow'],
    [policy([], 'deny'), 'bash', '{}', 'deny'],
    [policy([push]), 'bash', '{"command":"git push"}', 'ask'],
    [policy([push]), 'bash', '{"command":"git pull"}', 'allow'],
    [policy([push]), 'write', '{"text":"git push"}', 'allow'],
    [policy([push, { tool: 'bash', action: 'deny' }]), 'bash', '{"command":"git push"}', 'ask'],
    [policy([{ tool: 'bash', action: 'deny' }, push]), 'bash', '{"command":"git push"}', 'deny'],
    [policy([{ tool: '*', action: 'ask' }]), 'anything', '', 'ask'],
    [policy([{ tool: '*', match: 'secret', action: 'deny' }], 'ask'), 'read', '{"path":"a"}', 'ask'],
    [policy([{ tool: 'bas', action: 'deny' }]), 'bash', '', 'allow'],
  ])('%j on %s %s: %s', (given, tool, input, action) => {
    expect(policyAction(given, tool, input)).toBe(action);
  });

  it('is complete when nothing is said: allow, an hour to answer', () => {
    expect(approvalPolicySchema.parse({})).toEqual({ rules: [], default: 'allow', timeoutMs: 3_600_000 });
    expect(approvalPolicySchema.safeParse({ rule: [] }).success).toBe(false);
    expect(approvalPolicySchema.safeParse({ timeoutMs: 0 }).success).toBe(false);
  });

  it('asks only where something is not allowed by itself', () => {
    expect(policyAsks(undefined)).toBe(false);
    expect(policyAsks(policy([]))).toBe(false);
    expect(policyAsks(policy([{ tool: 'bash', action: 'allow' }]))).toBe(false);
    expect(policyAsks(policy([push]))).toBe(true);
    expect(policyAsks(policy([{ tool: 'bash', action: 'deny' }]))).toBe(true);
    expect(policyAsks(policy([], 'ask'))).toBe(true);
    expect(policyAsks(policy([], 'deny'))).toBe(true);
  });

  it('is answered by a choice or by text, and closed in three ways', () => {
    expect(decisionSchema.parse({ choice: 'yes', more: 1 })).toEqual({ choice: 'yes' });
    expect(decisionSchema.parse({ value: '' })).toEqual({ value: '' });
    expect(decisionSchema.safeParse({ choice: '' }).success).toBe(false);
    expect(resolutionSchema.options.map(({ shape }) => shape.kind.value)).toEqual(['answered', 'expired', 'cancelled']);
  });
});
