import { targetSchema, type Target } from '@runtime/contracts';
import { describeIssues } from './describe-issues.ts';
import { usageError } from './usage-error.ts';

/** `pi`, `pi:some/model`, `pi,tmux`: in order of preference. The first `:` divides, for a model's name may hold one. */
export function parseTargets(text: string): Target[] {
  return text.split(',').map((item) => {
    const entry = item.trim();
    const at = entry.indexOf(':');
    const written = at < 0 ? { runtime: entry } : { runtime: entry.slice(0, at), model: entry.slice(at + 1) };
    const parsed = targetSchema.safeParse(written);
    if (!parsed.success) {
      throw usageError(`not a runtime: ${JSON.stringify(entry)}: ${describeIssues(parsed.error.issues).join('; ')}`);
    }
    return parsed.data;
  });
}
