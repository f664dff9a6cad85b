import type { OutcomeCode, RunOutcome } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { afterRun, type NextStep } from '../../src/attempt/what-follows.ts';
import { capabilities, fold, lastRun, started, starting, submitted, turnBegun } from '../support/states.ts';

const minuteMs = 60_000;

/** How a run ended: a code, alone or with the time after which its backend can be asked again. */
const ends = [
  ...(['auth', 'quota', 'rate_limit', 'overloaded', 'network', 'timeout'] as const),
  ...(['context_overflow', 'refusal', 'model_error'] as const),
  ...(['crashed', 'killed', 'exit_code', 'output_limit', 'deliverable_missing', 'budget_exceeded'] as const),
  ...(['unavailable', 'unmet_needs', 'invalid_request', 'unknown', 'lost'] as const),
  ...(['rate_limit in 7 min', 'quota in 7 min', 'overloaded in 7 min', 'network in 7 min'] as const),
] as const;
type End = (typeof ends)[number];

interface Case {
  readonly end: End;
  readonly resume: boolean;
  readonly tool: boolean;
  readonly another: boolean;
  readonly attempts: boolean;
  readonly recovery: 'auto' | 'manual' | 'restart';
}

type Step = 'end' | 'ask' | `${'resume' | 'restart'} ${'soon' | 'in minutes' | 'in 7 min'}` | 'next target';

/** A row says what follows in each case that fits it; the first row that fits counts. */
type Row = readonly [readonly End[], Partial<Omit<Case, 'end'>>, Step];

const own: readonly End[] = ['auth', 'quota', 'unmet_needs', 'invalid_request'];
const broken: readonly End[] = ['crashed', 'killed', 'unknown', 'lost', 'unavailable'];
const failed: readonly End[] = ['model_error', 'timeout'];

const limited = (end: End, when: 'in minutes' | 'in 7 min'): Row[] => [
  [[end], { attempts: false, another: true }, 'next target'],
  [[end], { attempts: false }, 'end'],
  [[end], { resume: true }, `resume ${when}`],
  [[end], { recovery: 'manual' }, 'ask'],
  [[end], { recovery: 'auto', tool: true }, 'ask'],
  [[end], {}, `restart ${when}`],
];

/** The table of the design, as data. */
const rows: readonly Row[] = [
  [own, { another: true }, 'next target'],
  [own, {}, 'end'],
  ...limited('rate_limit', 'in minutes'),
  ...limited('rate_limit in 7 min', 'in 7 min'),
  ...limited('quota in 7 min', 'in 7 min'),
  ...limited('overloaded', 'in minutes'),
  ...limited('overloaded in 7 min', 'in 7 min'),
  ...limited('network', 'in minutes'),
  ...limited('network in 7 min', 'in 7 min'),
  [broken, { attempts: false }, 'end'],
  [broken, { resume: true }, 'resume soon'],
  [broken, { recovery: 'manual' }, 'ask'],
  [broken, { recovery: 'auto', tool: true }, 'ask'],
  [broken, {}, 'restart soon'],
  [failed, { attempts: false }, 'end'],
  [failed, { resume: true }, 'resume soon'],
  [failed, {}, 'restart soon'],
  [['exit_code', 'output_limit', 'deliverable_missing', 'budget_exceeded', 'refusal', 'context_overflow'], {}, 'end'],
];

function expected(given: Case): Step {
  const fits = ([at, when]: Row): boolean =>
    at.includes(given.end) && Object.entries(when).every(([name, value]) => given[name as keyof Case] === value);
  const row = rows.find(fits);
  if (!row) throw new Error(`no row for ${JSON.stringify(given)}`);
  return row[2];
}

function outcomeOf(end: End): RunOutcome {
  if (end === 'lost') return { status: 'lost', code: 'unknown' };
  const [code = '', , minutes] = end.split(' ');
  const named = minutes === undefined ? {} : { retryAfterMs: Number(minutes) * minuteMs };
  return { status: 'failed', code: code as OutcomeCode, ...named };
}

function stateOf({ end, resume, tool, another, attempts, recovery }: Case) {
  const runtimes = [{ runtime: 'first' }, ...(another ? [{ runtime: 'second' }] : [])];
  return fold([
    submitted({ runtimes, recovery }),
    starting(1, { attempt: attempts ? 1 : 3 }),
    started({ capabilities: { ...capabilities, resume: resume ? 'lossless' : 'none' } }),
    ...turnBegun,
    ...(tool ? [{ type: 'tool.started', runId: 'run-1', callId: 'c', name: 'write' }] : []),
    { type: 'run.ended', runId: 'run-1', outcome: outcomeOf(end), exit: { kind: 'unknown', why: 'x' } },
  ]);
}

function named(step: NextStep): Step | 'restart at once' {
  if (step.kind !== 'schedule') return step.kind;
  if (step.mode === 'degrade') return step.delayMs === 0 ? 'next target' : 'restart at once';
  const mode = step.mode === 'resume' ? 'resume' : 'restart';
  if (step.delayMs === 7 * minuteMs) return `${mode} in 7 min`;
  if (step.delayMs >= minuteMs) return `${mode} in minutes`;
  return step.delayMs > 0 ? `${mode} soon` : 'restart at once';
}

const bools = [true, false] as const;
const recoveries = ['auto', 'manual', 'restart'] as const;
const cases: Case[] = ends.flatMap((end) =>
  bools.flatMap((resume) =>
    bools.flatMap((tool) =>
      bools.flatMap((another) =>
        bools.flatMap((attempts) => recoveries.map((recovery) => ({ end, resume, tool, another, attempts, recovery }))),
      ),
    ),
  ),
);

describe.each(ends)('what follows a turn that ended with %s', (end) => {
  it('is what the table says, whatever else holds', () => {
    const given = cases.filter((each) => each.end === end);
    const found = given.map((each) => {
      const state = stateOf(each);
      return { ...each, step: named(afterRun(state, lastRun(state), 0)) };
    });
    expect(found).toEqual(given.map((each) => ({ ...each, step: expected(each) })));
  });
});
