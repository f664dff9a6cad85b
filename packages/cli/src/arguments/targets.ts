import { targetSchema, type Target } from '@runtime/contracts';
import { describeIssues } from './describe-issues.ts';
import { usageError } from './usage-error.ts';

/** Parses `pi`, `pi:some/model` or `pi,tmux`. Splits at the first `:`, since names of models may contain others. */
export function parseTargets(text: string): Target[] {
  return text.split(',').map((item) => {
    const entry = item.trim();
    const at = entry.indexOf(':');
    const written = at < 0 ? { runtime: entry } : { runtime: entry.slice(0, at), model: entry.slice(at + 1) };
    const parsed = targetSchema.safeParse(written);
    if (!parsed.success) {
      throw usageError(`${JSON.stringify(entry)} is not a runtime: ${describeIssues(parsed.error.issues).join('; ')}`);
    }
    return parsed.data;
  });
}
