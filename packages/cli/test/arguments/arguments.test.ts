import type { TaskView } from '@runtime/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findApproval, parseDecision, splitAnswer } from '../../src/arguments/choice.ts';
import { formatDuration, parseDuration } from '../../src/arguments/duration.ts';
import { labelsOf, parseLabel } from '../../src/arguments/label.ts';
import { parseNeeds } from '../../src/arguments/needs.ts';
import { mergePolicies, parsePolicyRule } from '../../src/arguments/policy.ts';
import { parseTargets } from '../../src/arguments/targets.ts';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1.5h', 5_400_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '10', 'ten', '10 m', '-5m', '0s', '10x', 'm', '91d', '1e3s', '5m3'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(/INVALID_ARGUMENT/);
  });

  it('adds up whatever units are written', () => {
    fc.assert(
      fc.property(fc.nat(80), fc.nat(23), fc.nat(59), fc.integer({ min: 1, max: 59 }), (d, h, m, s) => {
        expect(parseDuration(`${d}d${h}h${m}m${s}s`)).toBe((((d * 24 + h) * 60 + m) * 60 + s) * 1000);
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [850, '850ms'],
    [12_345, '12s'],
    [185_000, '3m 05s'],
    [3_840_000, '1h 04m'],
    [183_600_000, '2d 03h'],
    [-5, '0ms'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('parseNeeds', () => {
  it('reads levels, bare names and lists', () => {
    expect(parseNeeds('steer=delivered,followUp,resume=lossless,inputs=text+image')).toEqual({
      steer: 'delivered',
      followUp: true,
      resume: 'lossless',
      inputs: ['text', 'image'],
    });
  });

  it('takes the weakest level for a bare name that has levels', () => {
    expect(parseNeeds('steer,resume,events')).toEqual({ steer: 'unknown', resume: 'lossy', events: 'structured' });
  });

  it('names the capability that it does not know', () => {
    expect(() => parseNeeds('stear=delivered')).toThrow(/"stear"/);
    expect(() => parseNeeds('steer=telepathic')).toThrow(/steer/);
  });

  it('takes no capability twice: one of the levels would be ignored', () => {
    expect(() => parseNeeds('steer=observed,followUp,steer=accepted')).toThrow(/steer is asked for twice/);
  });
});

describe('labelsOf', () => {
  it('takes no name twice, and none that would vanish', () => {
    expect(labelsOf([parseLabel('a=1'), parseLabel('b=1')])).toEqual({ a: '1', b: '1' });
    expect(() => labelsOf([parseLabel('a=1'), parseLabel('a=2')])).toThrow(/the label "a" is given twice/);
    expect(() => parseLabel('__proto__=1')).toThrow(/cannot be the name of a label/);
  });
});

describe('parsePolicyRule', () => {
  it('reads tool, text to look for, and action', () => {
    expect(parsePolicyRule('bash=ask')).toEqual({ tool: 'bash', action: 'ask' });
    expect(parsePolicyRule('*=deny')).toEqual({ tool: '*', action: 'deny' });
    expect(parsePolicyRule('bash:a=b:c=ask')).toEqual({ tool: 'bash', match: 'a=b:c', action: 'ask' });
  });

  it.each(['bash', 'bash=maybe', '=ask', 'bash:=ask', ''])('refuses %j', (text) => {
    expect(() => parsePolicyRule(text)).toThrow(/INVALID_ARGUMENT/);
  });

  it('puts the rules of the command line before those of the configuration', () => {
    const base = { rules: [{ tool: 'bash', action: 'allow' as const }], default: 'deny' as const, timeoutMs: 5 };
    expect(mergePolicies([{ tool: 'bash', action: 'ask' }], base)).toEqual({
      rules: [
        { tool: 'bash', action: 'ask' },
        { tool: 'bash', action: 'allow' },
      ],
      default: 'deny',
      timeoutMs: 5,
    });
    expect(mergePolicies([], undefined)).toBeUndefined();
  });
});

describe('parseTargets', () => {
  it('reads runtimes in order, with models that hold colons', () => {
    expect(parseTargets('pi:ollama:8b, tmux')).toEqual([{ runtime: 'pi', model: 'ollama:8b' }, { runtime: 'tmux' }]);
  });

  it.each(['', 'pi,', 'Pi', 'a b', 'pi:'])('refuses %j', (text) => {
    expect(() => parseTargets(text)).toThrow(/not a runtime/);
  });
});

describe('answers', () => {
  const approval: TaskView['approvals'][number] = {
    id: 'a1',
    kind: 'tool',
    title: 'run it?',
    choices: [
      { id: 'once', label: 'Allow once', kind: 'allow' },
      { id: 'no', label: 'Deny', kind: 'deny' },
    ],
  };
  const view = { id: 't1', approvals: [approval] } as unknown as TaskView;

  it('finds a choice by id, by label and by its kind', () => {
    expect(parseDecision(approval, 'once')).toEqual({ choice: 'once' });
    expect(parseDecision(approval, 'Deny')).toEqual({ choice: 'no' });
    expect(parseDecision(approval, 'allow')).toEqual({ choice: 'once' });
  });

  it('never guesses between two choices of one kind', () => {
    const both = {
      ...approval,
      choices: [...approval.choices, { id: 'always', label: 'Always', kind: 'allow' as const }],
    };
    expect(() => parseDecision(both, 'allow')).toThrow(/not a choice/);
  });

  it('takes free text only where the request does', () => {
    expect(parseDecision({ ...approval, input: true }, 'blue')).toEqual({ value: 'blue' });
    expect(() => parseDecision(approval, 'blue')).toThrow(/not a choice/);
  });

  it('reads one word as the choice where one approval is open', () => {
    expect(splitAnswer(view, 'allow', undefined)).toEqual({ approval: undefined, choice: 'allow' });
    expect(splitAnswer(view, 'a1', undefined)).toEqual({ approval: 'a1', choice: undefined });
    expect(splitAnswer(view, 'a1', 'no')).toEqual({ approval: 'a1', choice: 'no' });
  });

  it('asks which one is meant where several are open', () => {
    const two = { ...view, approvals: [approval, { ...approval, id: 'a2' }] };
    expect(() => findApproval(two, undefined)).toThrow(/several/);
    expect(findApproval(two, 'a2').id).toBe('a2');
  });
});
