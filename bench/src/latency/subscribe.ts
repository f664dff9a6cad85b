import type { ControlPlane } from '@runtime/contracts';
import type { Params, Sample } from '../harness/contender.ts';
import { Ages } from './stamps.ts';

/** Runs the agent as a task and listens to it as anybody would. */
export async function subscribe(plane: ControlPlane, workspace: string, params: Params): Promise<Sample> {
  const { lines, gapMs } = params;
  // The prompt is the agent's standard input, which it does not read: what it does is in its arguments.
  const task = await plane.submit({ prompt: 'go', workspace, runtimes: [`lines-${lines}-${gapMs}`] });
  const ages = new Ages();
  for await (const event of task.events()) {
    if (event.type === 'output.delta' && event.source === 'stdout') ages.take(event.text);
  }
  const outcome = await task.outcome();
  if (outcome.status !== 'succeeded') throw new Error(`the agent's task: ${JSON.stringify(outcome)}`);
  return ages.sample(params);
}
