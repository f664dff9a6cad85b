import type { ApprovalPolicy } from '@runtime/contracts';

/** The title by which a tool's dialog is told from other extensions' dialogs. */
export const toolDialogTitle = '@runtime/tool-approval';

/** Characters of a tool's input that a dialog shows. Policies see all of it. */
const shownInput = 32_768;

/**
 * The extension that asks before a tool runs where the task's policy says so: plain JavaScript, for Pi loads it by itself.
 * It holds the path of the policy rather than looking for it. The policy is read once, while Pi starts: a policy that cannot be read keeps Pi from starting,
 * and one that is changed later changes nothing. A call that fails here is blocked by Pi.
 * The rules are those of `policyAction` in the contracts; a test holds the two against each other.
 */
export function approvalExtension(policyFile: string): string {
  return `// Written by @runtime/adapter-pi for one run. Asks before a tool runs, as the task's approval policy says.
import { readFileSync } from 'node:fs';

const policy = JSON.parse(readFileSync(${JSON.stringify(policyFile)}, 'utf8'));
if (!Array.isArray(policy.rules) || typeof policy.default !== 'string') throw new Error('the approval policy is unreadable');

export function actionFor(tool, inputJson) {
  const rule = policy.rules.find(
    (rule) => (rule.tool === '*' || rule.tool === tool) && (rule.match === undefined || inputJson.includes(rule.match)),
  );
  return rule ? rule.action : policy.default;
}

export default function (pi) {
  pi.on('tool_call', async (event, ctx) => {
    const inputJson = JSON.stringify(event.input ?? {});
    const action = actionFor(event.toolName, inputJson);
    if (action === 'allow') return undefined;
    if (action !== 'ask') return { block: true, reason: 'The approval policy of this task does not allow this tool call.' };
    if (!ctx.hasUI) return { block: true, reason: 'This tool call needs an approval, and nobody can be asked.' };
    const over = inputJson.length - ${shownInput};
    const input = over > 0 ? inputJson.slice(0, ${shownInput}) + ' [… ' + over + ' more characters]' : inputJson;
    const question = { tool: event.toolName, callId: event.toolCallId, input };
    const allowed = await ctx.ui.confirm(${JSON.stringify(toolDialogTitle)}, JSON.stringify(question));
    return allowed ? undefined : { block: true, reason: 'This tool call was not approved.' };
  });
}
`;
}

/** The policy as the extension reads it. */
export const policyText = (policy: ApprovalPolicy): string => JSON.stringify(policy);
