import type { ApprovalPolicy } from '@runtime/contracts';

/** The title that marks a dialog of this extension. */
export const toolDialogTitle = '@runtime/tool-approval';

/** How many characters of a tool's input the dialog shows. The policy is applied to all of it. */
const shownInput = 32_768;

/**
 * The source of an extension that asks before a tool runs if the task's policy requires it. It is plain JavaScript,
 * because Pi loads the file as it is. The policy is read once, while Pi starts: Pi does not start with an unreadable
 * policy, and a later change of the file has no effect. If this code throws, Pi blocks the tool call.
 * The rules are those of `policyAction` in the contracts; a test compares the two.
 */
export function approvalExtension(policyFile: string): string {
  return `// Written by @runtime/adapter-pi for one run. Asks before a tool runs, as the task's approval policy says.
import { readFileSync } from 'node:fs';

const policy = JSON.parse(readFileSync(${JSON.stringify(policyFile)}, 'utf8'));
if (!Array.isArray(policy.rules) || typeof policy.default !== 'string') throw new Error('the approval policy cannot be read');

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
    if (!ctx.hasUI) return { block: true, reason: 'This tool call needs an approval, but this session cannot ask for one.' };
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
