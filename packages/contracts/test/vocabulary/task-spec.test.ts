import { describe, expect, it } from 'vitest';
import { instructionText, partsSchema, submitRequestSchema, targetSchema, taskSpecSchema } from '../../src/index.ts';
import { spec } from '../support/story.ts';

const least = { prompt: [{ type: 'text', text: 'x' }], workspace: '/w', runtimes: [{ runtime: 'pi' }] };

describe('the spec of a task', () => {
  it('is completed with these defaults', () => {
    expect(taskSpecSchema.parse(least)).toEqual({
      ...least,
      until: 'idle',
      recovery: 'auto',
      recoveryTimeoutMs: 86_400_000,
      retry: { maxAttempts: 3, baseDelayMs: 1000, maxDelayMs: 60_000 },
      degradeOn: [],
      maxOutputBytes: 1024 ** 3,
      shareWorkspace: false,
      labels: {},
    });
    expect(taskSpecSchema.parse(spec)).toEqual(spec);
  });

  it.each([
    ['an unknown field', { colour: 'red' }],
    ['no runtime', { runtimes: [] }],
    ['too many runtimes', { runtimes: Array.from({ length: 17 }, () => ({ runtime: 'pi' })) }],
    ['an unknown field of a runtime', { runtimes: [{ runtime: 'pi', modle: 'x' }] }],
    ['a runtime that is no id', { runtimes: [{ runtime: '../pi' }] }],
    ['an empty text', { prompt: [{ type: 'text', text: '  \n' }] }],
    ['no parts', { prompt: [] }],
    ['an endless deadline', { deadlineMs: Infinity }],
    ['no time at all', { runTimeoutMs: 0 }],
    ['a variable that is none', { env: { set: { 'A=B': 'x' } } }],
    ['an attempt less than one', { retry: { maxAttempts: 0 } }],
    ['a reason to degrade that is none', { degradeOn: ['auth'] }],
  ])('has not %s', (_what, wrong) => {
    expect(taskSpecSchema.safeParse({ ...least, ...wrong }).success).toBe(false);
  });

  it('is asked for in fewer words', () => {
    expect(submitRequestSchema.parse({ prompt: 'x', runtimes: ['pi', { runtime: 'pi', model: 'm' }] })).toMatchObject({
      prompt: 'x',
      runtimes: ['pi', { runtime: 'pi', model: 'm' }],
    });
    expect(submitRequestSchema.safeParse({ prompt: '' }).success).toBe(false);
    expect(submitRequestSchema.safeParse({ prompt: 'x', key: '' }).success).toBe(false);
    expect(submitRequestSchema.safeParse({ prompt: 'x', promt: 'y' }).success).toBe(false);
    expect(targetSchema.safeParse({ runtime: 'pi', model: '' }).success).toBe(false);
  });
});

describe('the parts of an instruction', () => {
  it('become text for those that take nothing else', () => {
    const parts = partsSchema.parse([
      { type: 'text', text: 'look' },
      { type: 'file', path: 'a.txt' },
      { type: 'image', mediaType: 'image/png', data: 'aGk=' },
    ]);
    expect(instructionText(parts)).toBe('look\n[file: a.txt]\n[image]');
  });

  it.each([
    [[{ type: 'image', mediaType: 'image/png', data: 'not base64!' }]],
    [[{ type: 'file', path: '' }]],
    [[{ type: 'audio', data: '' }]],
    [Array.from({ length: 65 }, () => ({ type: 'text', text: 'x' }))],
  ])('are not %j', (parts) => {
    expect(partsSchema.safeParse(parts).success).toBe(false);
  });
});
