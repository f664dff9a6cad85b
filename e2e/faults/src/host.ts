/**
 * A plane in a process of its own, which a failpoint kills with -9. One argument: a `HostPlan` as JSON.
 * Prints the names of the points it passed when it gets to the end, and exits with 0.
 */
import { openTestPlane } from '@runtime/control-plane/testing';
import type { SubmitRequest } from '@runtime/contracts';
import { scriptedRuntime, type AgentPlan, type RuntimeName } from './runtimes.ts';

export interface HostPlan {
  readonly dataDir: string;
  readonly runtime: RuntimeName;
  readonly agent: AgentPlan;
  readonly request: SubmitRequest;
  /** The `nth` pass of this point is the last thing this process does. */
  readonly dieAt?: { readonly name: string; readonly nth: number };
}

const plan: HostPlan = JSON.parse(process.argv[2] ?? '');
const passed: string[] = [];

function failpoint(name: string): void {
  passed.push(name);
  const nth = passed.filter((each) => each === name).length;
  if (plan.dieAt?.name === name && plan.dieAt.nth === nth) process.kill(process.pid, 'SIGKILL');
}

const plane = await openTestPlane({
  dataDir: plan.dataDir,
  adapters: [scriptedRuntime(plan.runtime, plan.agent)],
  failpoint,
  tuning: { deltaWindowMs: 5, stopGraceMs: 2000 },
});
const task = await plane.submit(plan.request);
process.stdout.write(`${JSON.stringify({ submitted: task.id })}\n`);
await task.outcome();
await plane.close();
process.stdout.write(`${JSON.stringify({ passed })}\n`);
