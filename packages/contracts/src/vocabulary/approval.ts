import { z } from 'zod';

/** One way to answer an approval. `kind` is for policies and displays; the answer is always given by `id`. */
export const choiceSchema = z.object({
  id: z.string().min(1).max(200),
  label: z.string().max(500),
  kind: z.enum(['allow', 'deny', 'other']),
});
export type Choice = z.infer<typeof choiceSchema>;

/**
 * `tool`: may this call run. `dialog`: a question of the agent. `recovery`: how to go on after a loss. `policy`: a
 * host's own.
 */
export const approvalKindSchema = z.enum(['tool', 'dialog', 'recovery', 'policy']);
export type ApprovalKind = z.infer<typeof approvalKindSchema>;

/** An answer: the id of one of the choices, or free text where the request takes `input`. Never both. */
export const decisionSchema = z.union(
  [
    z.object({ choice: z.string().min(1).max(200), value: z.undefined().optional() }),
    z.object({ value: z.string().max(65_536), choice: z.undefined().optional() }),
  ],
  'an answer is either a choice or a value',
);
export type Decision = z.infer<typeof decisionSchema>;

/** How an approval was closed: by an answer, by its time limit, or because the run or turn that asked has ended. */
export const resolutionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), decision: decisionSchema }),
  z.object({ kind: z.literal('expired'), decision: decisionSchema }),
  z.object({ kind: z.literal('cancelled') }),
]);
export type Resolution = z.infer<typeof resolutionSchema>;

/** What a policy does with a tool call: let it run, ask a person, or refuse it. */
export const policyActionSchema = z.enum(['allow', 'ask', 'deny']);
export type PolicyAction = z.infer<typeof policyActionSchema>;

/** A rule of a policy. `tool` is a tool's name or `*`; `match` is text that must occur in the tool's input as JSON. */
export const policyRuleSchema = z.strictObject({
  tool: z.string().min(1).max(200),
  match: z.string().min(1).max(1000).optional(),
  action: policyActionSchema,
});
export type PolicyRule = z.infer<typeof policyRuleSchema>;

/** Which tool calls need a person's consent. The first rule that fits decides. */
export const approvalPolicySchema = z.strictObject({
  rules: z.array(policyRuleSchema).max(200).readonly().default([]),
  /** For tools that no rule names. @default 'allow': what the agent does by itself */
  default: policyActionSchema.default('allow'),
  /** How long a person has to answer, in ms; then the default answer (deny) is given. @default 3600000 (1 h) */
  timeoutMs: z
    .int()
    .min(1)
    .max(30 * 86_400_000)
    .default(3_600_000),
});
export type ApprovalPolicy = z.infer<typeof approvalPolicySchema>;

/** What the policy does with one call of a tool. `inputJson` is the tool's input as JSON text. */
export function policyAction(policy: ApprovalPolicy, tool: string, inputJson: string): PolicyAction {
  const rule = policy.rules.find(
    (rule) => (rule.tool === '*' || rule.tool === tool) && (rule.match === undefined || inputJson.includes(rule.match)),
  );
  return rule?.action ?? policy.default;
}

/** Whether the policy may ask or deny at all: only then does an adapter need a way to intercept tool calls. */
export function policyAsks(policy: ApprovalPolicy | undefined): boolean {
  return policy !== undefined && (policy.default !== 'allow' || policy.rules.some((rule) => rule.action !== 'allow'));
}
