import { buildEnvironment } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, type Target } from '@runtime/contracts';
import type { Plane } from '../plane/plane.ts';
import type { Submission } from '../plane/submissions.ts';
import { lookupEnvironment } from '../task/given.ts';

/** A runtime that answers later than this is looked at when the task starts. */
const patienceMs = 5_000;

/**
 * Refuses a task that is known to fail by its own fault: its environment cannot be had or be handed to a process, it
 * names a model that is not there, or no runtime meets its needs.
 */
export async function refuseFaults({ spec, values }: Submission, ctx: Plane['ctx']): Promise<void> {
  const { file, pass = [] } = spec.env ?? {};
  const { environment: given, set = {} } = values ?? {};
  await buildEnvironment({
    base: given ?? ctx.environment,
    // Of what the caller gave, only what the task may have was kept.
    pass: given ? Object.keys(given) : pass,
    set,
    ...(file === undefined ? {} : { file }),
  });
  const isDemanding = ({ model, thinking }: Target): boolean => model !== undefined || thinking !== undefined;
  if (!spec.needs && !spec.runtimes.some(isDemanding)) return;
  const environment = lookupEnvironment(ctx, spec, values);
  const found = await Promise.all(spec.runtimes.map((target) => inTime(ctx.runtimes.unfit(target, spec, environment))));
  const reasons: string[] = [];
  for (const [index, unfit] of found.entries()) {
    if (!unfit) continue;
    const reason = `${spec.runtimes[index]?.runtime ?? ''}: ${unfit.reason}`;
    if (unfit.code !== 'UNSUPPORTED') throw new AgentRuntimeError(unfit.code, reason, { hint: unfit.hint ?? '' });
    reasons.push(reason);
  }
  if (reasons.length < spec.runtimes.length) return;
  throw new AgentRuntimeError('UNSUPPORTED', `no runtime will do: ${reasons.join('; ')}`.slice(0, 2000), {
    hint: 'runtime runtimes shows what each can do; ask for less, or name another',
  });
}

async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  const over = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => over.resolve(undefined), patienceMs);
  return Promise.race([answer, over.promise]).finally(() => clearTimeout(timer));
}
