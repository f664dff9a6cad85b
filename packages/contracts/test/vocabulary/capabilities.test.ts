import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  capabilitiesSchema,
  lostCapabilities,
  needsSchema,
  unmetNeeds,
  type Needs,
  type RuntimeCapabilities,
} from '../../src/index.ts';
import { capabilities as all } from '../support/story.ts';

const none: RuntimeCapabilities = {
  firstInstruction: 'launch',
  steer: 'none',
  followUp: false,
  interrupt: false,
  resume: 'none',
  reattach: false,
  approvals: false,
  events: 'output',
  usage: false,
  inputs: [],
  models: false,
};

const any: fc.Arbitrary<RuntimeCapabilities> = fc.record({
  firstInstruction: fc.constantFrom('launch', 'send'),
  steer: fc.constantFrom('none', 'unknown', 'accepted', 'delivered', 'observed'),
  followUp: fc.boolean(),
  interrupt: fc.boolean(),
  resume: fc.constantFrom('none', 'lossy', 'lossless'),
  reattach: fc.boolean(),
  approvals: fc.boolean(),
  events: fc.constantFrom('output', 'structured'),
  usage: fc.boolean(),
  inputs: fc.subarray(['text', 'image', 'file'] as const).map((inputs) => [...inputs]),
  models: fc.boolean(),
});

describe('what a task needs of a runtime', () => {
  it.each<[Needs, Partial<RuntimeCapabilities>, string[]]>([
    [{}, {}, []],
    [{ steer: 'delivered' }, { steer: 'observed' }, []],
    [{ steer: 'delivered' }, { steer: 'delivered' }, []],
    [{ steer: 'delivered' }, { steer: 'accepted' }, ['steer']],
    [{ steer: 'unknown' }, { steer: 'none' }, ['steer']],
    [{ steer: 'none' }, { steer: 'none' }, []],
    [{ resume: 'lossless' }, { resume: 'lossy' }, ['resume']],
    [{ resume: 'lossy' }, { resume: 'lossless' }, []],
    [{ events: 'structured' }, { events: 'output' }, ['events']],
    [{ events: 'output' }, { events: 'structured' }, []],
    [{ followUp: true }, { followUp: false }, ['followUp']],
    [{ interrupt: true }, { interrupt: false }, ['interrupt']],
    [{ reattach: true }, { reattach: false }, ['reattach']],
    [{ approvals: true }, { approvals: false }, ['approvals']],
    [{ usage: true }, { usage: false }, ['usage']],
    [{ models: true }, { models: false }, ['models']],
    [{ inputs: ['text', 'image'] }, { inputs: ['text'] }, ['inputs']],
    [{ inputs: [] }, { inputs: [] }, []],
  ])('is %j: with %j it misses %j', (needs, have, unmet) => {
    expect(needsSchema.safeParse(needs).error).toBeUndefined();
    expect(unmetNeeds(needs, { ...all, ...have })).toEqual(unmet);
  });

  it('may be nothing', () => {
    expect(unmetNeeds(undefined, none)).toEqual([]);
  });

  it('covers every capability but the one that is no more and no less', () => {
    const covered = Object.keys(needsSchema.shape);
    expect([...covered, 'firstInstruction'].toSorted()).toEqual(Object.keys(capabilitiesSchema.shape).toSorted());
  });

  it('is met by a runtime for exactly what that runtime has', () => {
    fc.assert(
      fc.property(any, (have) => {
        const needs = {
          steer: have.steer,
          resume: have.resume,
          events: have.events,
          inputs: have.inputs,
          ...Object.fromEntries(
            (['followUp', 'interrupt', 'reattach', 'approvals', 'usage', 'models'] as const)
              .filter((key) => have[key])
              .map((key) => [key, true]),
          ),
        } satisfies Needs;
        expect(unmetNeeds(needs, have)).toEqual([]);
      }),
    );
  });
});

describe('what a degradation loses', () => {
  it('is nothing on the same runtime, and everything from all to none', () => {
    fc.assert(
      fc.property(any, (have) => {
        expect(lostCapabilities(have, have)).toEqual([]);
      }),
    );
    expect(lostCapabilities(all, none).toSorted()).toEqual(
      Object.keys(capabilitiesSchema.shape)
        .filter((key) => key !== 'firstInstruction')
        .toSorted(),
    );
    expect(lostCapabilities(none, all)).toEqual([]);
  });

  it('is what was a need of the first and is unmet by the second', () => {
    fc.assert(
      fc.property(any, any, (from, to) => {
        const lost = lostCapabilities(from, to);
        const needs = {
          steer: from.steer,
          resume: from.resume,
          events: from.events,
          inputs: from.inputs,
          ...(from.followUp ? { followUp: true as const } : {}),
          ...(from.interrupt ? { interrupt: true as const } : {}),
          ...(from.reattach ? { reattach: true as const } : {}),
          ...(from.approvals ? { approvals: true as const } : {}),
          ...(from.usage ? { usage: true as const } : {}),
          ...(from.models ? { models: true as const } : {}),
        };
        expect(lost).toEqual(unmetNeeds(needs, to));
      }),
    );
  });
});
