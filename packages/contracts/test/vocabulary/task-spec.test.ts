import { describe, expect, it } from 'vitest';
import {
  canonicalDefinition,
  instructionText,
  partsSchema,
  submitRequestSchema,
  targetSchema,
  taskSpecSchema,
} from '../../src/index.ts';
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
    ['a variable that is none', { env: { setNames: ['A=B'] } }],
    ['a definition without its digest', { definitions: { pi: { adapter: 'pi', options: {} } } }],
    ['the values of variables', { environment: { K: 'v' } }],
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

describe('what a request brings along', () => {
  const asks = (more: Record<string, unknown>) => submitRequestSchema.safeParse({ prompt: 'x', ...more });
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

  it('are definitions, variables of the shell and values to set', () => {
    const definition = { adapter: 'local', options: { command: ['echo'] }, passEnv: ['ANTHROPIC_*'] };
    const more = { definitions: { echo: definition }, environment: { K: 'b' }, env: { set: { A: '1' }, file: '/e' } };
    expect(asks(more).data).toMatchObject(more);
    expect(asks({ definitions: { pi: { adapter: 'pi' } } }).data?.definitions).toEqual({
      pi: { adapter: 'pi', options: {} },
    });
  });

  it.each([
    ['an unknown field in a definition', { definitions: { a: { adapter: 'x', options: {}, secret: 1 } } }],
    ['a definition whose name is no id', { definitions: { '../a': { adapter: 'x' } } }],
    ['options that are no object', { definitions: { a: { adapter: 'x', options: ['echo'] } } }],
    ['options that no JSON holds', { definitions: { a: { adapter: 'x', options: { call: () => 1 } } } }],
    ['options nested too deeply', { definitions: { a: { adapter: 'x', options: { deep: nested(80) } } } }],
    ['options of a megabyte', { definitions: { a: { adapter: 'x', options: { text: 'x'.repeat(1024 ** 2) } } } }],
    ['a name that no shell can hold', { environment: { 'A B': '1' } }],
    ['a value with a NUL', { environment: { A: 'a\0b' } }],
    [
      'more than a megabyte of variables',
      {
        environment: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`V${n}`, 'x'.repeat(100_000)])),
      },
    ],
    ['a relative file of variables', { env: { file: 'secrets.env' } }],
    ['names in place of values', { env: { setNames: ['A'] } }],
    ['a workspace that is no path', { workspace: 5 }],
  ])('are not %s', (_what, wrong) => {
    expect(asks(wrong).success).toBe(false);
  });
});

describe('the text that names a definition', () => {
  it('is the same for two spellings of one meaning', () => {
    const one = { adapter: 'local', options: { b: [1, { d: 2, c: 3 }], a: null }, passEnv: ['B', 'A', 'B'] };
    const other = { passEnv: ['A', 'B'], options: { a: null, b: [1, { c: 3, d: 2 }] }, adapter: 'local' };
    expect(canonicalDefinition(one)).toBe(canonicalDefinition(other));
    expect(canonicalDefinition({ ...one, passEnv: [] })).toBe(
      canonicalDefinition({ adapter: 'local', options: one.options }),
    );
    expect(JSON.parse(canonicalDefinition(one))).toEqual(other);
  });

  it('is another for another meaning', () => {
    const texts = [
      { adapter: 'local', options: { command: ['a', 'b'] } },
      { adapter: 'local', options: { command: ['b', 'a'] } },
      { adapter: 'tmux', options: { command: ['a', 'b'] } },
      { adapter: 'local', options: { command: ['a', 'b'] }, passEnv: ['K'] },
    ].map(canonicalDefinition);
    expect(new Set(texts).size).toBe(4);
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
