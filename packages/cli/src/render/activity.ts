import type { TaskStreamEvent } from '@runtime/contracts';
import { formatElapsed } from '../arguments/duration.ts';
import { sanitizeLine } from '../sanitize.ts';
import { createBackendActivity } from './backend-activity.ts';
import { targetName } from './failures.ts';

/** What a task is doing now, for the line below the last one on a terminal. */
export interface Activity {
  follow(event: TaskStreamEvent): void;
  /** In words, with the times: `12s · bash 3s`. Undefined while nothing happens that a person waits for. */
  describe(now: number): string | undefined;
  /** True until the first run begins, and between runs. */
  readonly queued: boolean;
}

type Phase = 'queued' | 'starting' | 'thinking' | 'resting' | 'ending' | 'over';

/** Follows the events of a task. Remembers the tools that are open, and since when. */
export function createActivity(): Activity {
  let submittedAt = 0;
  let runtime = 'the runtime';
  // Only a runtime that reports turns and messages is known to think.
  let works = 'works';
  let phase: Phase = 'over';
  let since = 0;
  const tools = new Map<string, { readonly name: string; readonly since: number }>();
  const approvals = new Set<string>();
  const backend = createBackendActivity();
  const enter = (next: typeof phase, time: number): void => {
    phase = next;
    since = time;
  };
  return {
    get queued() {
      return phase === 'queued' && approvals.size === 0;
    },
    follow(event) {
      backend.follow(event);
      const phaseOf = phases[event.type];
      if (phaseOf !== undefined && phaseOf !== phase) enter(phaseOf, event.time);
      if (event.type === 'task.submitted') submittedAt = event.time;
      if (event.type === 'run.starting') runtime = targetName(event.target);
      if (event.type === 'run.started') works = event.capabilities.events === 'structured' ? 'thinks' : 'works';
      if (event.type === 'tool.started') tools.set(event.callId, { name: event.name, since: event.time });
      if (event.type === 'tool.ended') tools.delete(event.callId);
      if (event.type === 'approval.requested') approvals.add(event.approvalId);
      if (event.type === 'approval.resolved') approvals.delete(event.approvalId);
      if (event.type === 'turn.ended' || event.type === 'run.ended') tools.clear();
      if (event.type === 'run.ended') approvals.clear();
    },
    describe(now) {
      if (phase === 'over' || phase === 'resting') return undefined;
      const [tool] = tools.values();
      const more = tools.size > 1 ? ` and ${tools.size - 1} more` : '';
      const whatFor = {
        queued: 'queued',
        starting: `starting ${runtime}`,
        thinking: `${runtime} ${works}`,
        ending: `ending ${runtime}`,
      }[phase];
      let doing = `${whatFor} ${formatElapsed(now - since)}`;
      const ofItself = backend.describe(now);
      if (ofItself !== undefined) doing = `${runtime} ${ofItself}`;
      else if (tool) doing = `${sanitizeLine(tool.name, 40)} ${formatElapsed(now - tool.since)}${more}`;
      if (approvals.size > 0) doing = 'waits for your answer';
      return `${formatElapsed(now - submittedAt)} · ${doing}`;
    },
  };
}

const phases: { readonly [T in TaskStreamEvent['type']]?: Phase } = {
  'task.submitted': 'queued',
  'run.starting': 'starting',
  'turn.started': 'thinking',
  'turn.ended': 'resting',
  'run.stopping': 'ending',
  'run.ended': 'queued',
  'task.ended': 'over',
};
