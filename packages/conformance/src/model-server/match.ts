import type { Conversation } from './conversation.ts';
import type { Condition, CountMatch, Rule, TextMatch } from './scenario.ts';

/** The rule that answers a request, and its name. */
export interface Selection {
  readonly rule: Rule;
  readonly name: string;
}

/**
 * Picks the rule for each request and counts how often each rule has answered.
 * `times` counts when a rule is picked: the first try of a client uses up a fault, its retry meets the next rule.
 */
export function ruleSelector(
  rules: readonly Rule[],
): (conversation: Conversation, nth: number) => Selection | undefined {
  const used = new Map<Rule, number>();
  return (conversation, nth) => {
    for (const [index, rule] of rules.entries()) {
      const count = used.get(rule) ?? 0;
      if (rule.times !== undefined && count >= rule.times) continue;
      if (!matches(rule.when, conversation, nth)) continue;
      used.set(rule, count + 1);
      return { rule, name: rule.name ?? String(index + 1) };
    }
    return undefined;
  };
}

/** Whether every condition that is given holds for the request. */
function matches(when: Condition, conversation: Conversation, nth: number): boolean {
  return (
    textMatches(when.lastUser, conversation.userTexts.slice(-1)) &&
    textMatches(when.anyUser, conversation.userTexts) &&
    textMatches(when.system, [conversation.systemText]) &&
    textMatches(when.lastToolResult, conversation.toolTexts.slice(-1)) &&
    (when.lastRole === undefined || when.lastRole === conversation.lastRole) &&
    countMatches(when.userMessages, conversation.userTexts.length) &&
    countMatches(when.toolResults, conversation.toolTexts.length) &&
    countMatches(when.toolResultsSinceUser, conversation.toolResultsSinceUser) &&
    (when.model === undefined || when.model === conversation.model) &&
    countMatches(when.nth, nth)
  );
}

function textMatches(match: TextMatch | undefined, texts: readonly string[]): boolean {
  if (match === undefined) return true;
  if (typeof match === 'string') return texts.some((text) => text.includes(match));
  const regex = new RegExp(match.regex, match.flags?.replaceAll(/[gy]/g, ''));
  return texts.some((text) => regex.test(text));
}

function countMatches(match: CountMatch | undefined, count: number): boolean {
  if (match === undefined) return true;
  if (typeof match === 'number') return match === count;
  return count >= (match.min ?? 0) && count <= (match.max ?? Number.POSITIVE_INFINITY);
}
