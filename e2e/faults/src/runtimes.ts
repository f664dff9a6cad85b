import { local } from '@runtime/adapter-local';
import { pi } from '@runtime/adapter-pi';
import { tmux } from '@runtime/adapter-tmux';
import { piAgent, plainAgent, type PiStep, type PlainStep } from '@runtime/conformance/scripted-agent';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';

export const runtimeNames = ['local', 'tmux', 'pi'] as const;
/** `typed` is an agent in a terminal that is typed to. */
export type RuntimeName = (typeof runtimeNames)[number] | 'typed';

export interface AgentPlan {
  /** Every start of an agent appends a line to this file. */
  readonly starts: string;
  /** The agent goes on when this file is there. @default it does not wait */
  readonly gate?: string;
  readonly pauseMs?: number;
  /** The agent never gets so far that it takes an instruction. */
  readonly neverReady?: boolean;
}

/**
 * A runtime whose agent does a little, as short as a real run can be. Any process makes the same one from the same
 * plan.
 */
export function scriptedRuntime(name: RuntimeName, plan: AgentPlan): RuntimeAdapter {
  const pauseMs = plan.pauseMs ?? 20;
  if (plan.neverReady === true && name === 'pi') return pi({ id: 'pi', command: ['bash', '-c', mutePi, 'pi'] });
  if (name === 'pi')
    return pi({
      id: 'pi',
      command: piAgent({ startup: { appendLine: plan.starts }, rules: [{ steps: piSteps(plan, pauseMs) }] }).command,
    });
  const { command } = plainAgent(plainSteps(plan, pauseMs));
  if (name === 'typed') return typedRuntime(command, plan);
  return name === 'local'
    ? local({ id: 'local', command, prompt: 'stdin' })
    : tmux({ id: 'tmux', command, prompt: 'stdin' });
}

/** Has a version, and answers nothing. */
const mutePi = 'case "$*" in *--version*) echo 0.87.1 ;; *) exec sleep 600 ;; esac';

/** Shows nothing of what is typed, so that typing takes its time. */
function typedRuntime(command: readonly string[], { neverReady }: AgentPlan): RuntimeAdapter {
  const script = 'stty -echo; printf "> "; read -r line && exec "$@"';
  return tmux({
    id: 'typed',
    command: ['bash', '-c', script, 'typed', ...command],
    prompt: 'paste',
    ...(neverReady === true ? { readyPattern: 'never shown' } : {}),
  });
}

function plainSteps(plan: AgentPlan, pauseMs: number): PlainStep[] {
  const wait: PlainStep[] = plan.gate === undefined ? [] : [{ waitForFile: plan.gate }];
  return [
    { appendLine: { file: plan.starts } },
    { print: 'begun\n' },
    { sleepMs: pauseMs },
    ...wait,
    { print: 'done\n' },
  ];
}

function piSteps(plan: AgentPlan, pauseMs: number): PiStep[] {
  const wait: PiStep[] = plan.gate === undefined ? [] : [{ waitForFile: plan.gate }];
  return [
    { text: ['begun ', 'and '] },
    { tool: { name: 'bash', args: { command: 'true' }, result: 'ok', durationMs: pauseMs } },
    ...wait,
    { text: ['do', 'ne'] },
  ];
}
