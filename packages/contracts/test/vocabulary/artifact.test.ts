import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  artifactNameSchema,
  formatArtifactUri,
  idSchema,
  parseArtifactUri,
  type ArtifactUri,
} from '../../src/index.ts';

const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' });

const ids = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/).filter((id) => id !== 'sha256');
const names = fc
  .array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.map((part) => part.replaceAll('/', '-')).join('/'))
  .filter((name) => artifactNameSchema.safeParse(name).success);
const digests = fc.stringMatching(/^[0-9a-f]{64}$/);
const uris: fc.Arbitrary<ArtifactUri> = fc.oneof(
  fc.record({ kind: fc.constant('name' as const), taskId: ids, name: names }),
  fc.record({ kind: fc.constant('content' as const), sha256: digests }),
);
/** Pieces of which attacks are made. */
const hostile = fc
  .array(
    fc.constantFrom(
      '..',
      '.',
      '/',
      '\\',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      '%00',
      '\0',
      'a',
      '~',
      '%',
      ' ',
      ':',
      '?',
      '#',
      '@',
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('an artifact URI', () => {
  it.each([
    [{ kind: 'name', taskId: 'task-1', name: 'report.md' }, 'artifact://task-1/report.md'],
    [{ kind: 'name', taskId: 'task-1', name: 'out/a b.txt' }, 'artifact://task-1/out/a%20b.txt'],
    [{ kind: 'name', taskId: 'task-1', name: '50%.txt' }, 'artifact://task-1/50%25.txt'],
    [{ kind: 'content', sha256: 'a'.repeat(64) }, `artifact://sha256/${'a'.repeat(64)}`],
  ] satisfies [ArtifactUri, string][])('is written and read: %j', (uri, text) => {
    expect(formatArtifactUri(uri)).toBe(text);
    expect(parseArtifactUri(text)).toEqual(uri);
  });

  it('reads back whatever it has written', () => {
    fc.assert(
      fc.property(uris, (uri) => {
        expect(parseArtifactUri(formatArtifactUri(uri))).toEqual(uri);
      }),
    );
  });

  it.each([
    '',
    'artifact://',
    'artifact://task-1',
    'artifact://task-1/',
    'artifact:/task-1/a',
    'file://task-1/a',
    ' artifact://task-1/a',
    'artifact://Task/a',
    'artifact://-task/a',
    'artifact://task_1/a',
    'artifact://user@task-1/a',
    'artifact://task-1:80/a',
    `artifact://${'a'.repeat(65)}/a`,
    'artifact://sha256/abc',
    `artifact://sha256/${'A'.repeat(64)}`,
    `artifact://sha256/${'a'.repeat(64)}/b`,
    'artifact://task-1/..',
    'artifact://task-1/../task-2/a',
    'artifact://task-1/a/../../b',
    'artifact://task-1/./a',
    'artifact://task-1//a',
    'artifact://task-1/a/',
    'artifact://task-1/%2e%2e/a',
    'artifact://task-1/%2E%2e',
    'artifact://task-1/.%2e/a',
    'artifact://task-1/a%2fb',
    'artifact://task-1/..%2f..%2fetc%2fpasswd',
    'artifact://task-1/%2fetc',
    'artifact://task-1/a\\b',
    'artifact://task-1/..%5c..%5ca',
    'artifact://task-1/a%00',
    'artifact://task-1/a\0b',
    'artifact://task-1/a%0ab',
    'artifact://task-1/a\nb',
    'artifact://task-1/%7f',
    'artifact://task-1/%',
    'artifact://task-1/%zz',
    'artifact://task-1/%c3%28',
    `artifact://task-1/${'a'.repeat(1025)}`,
  ])('is not %j', (text) => {
    expect(() => parseArtifactUri(text)).toThrow(refused);
  });

  it('decodes once: an encoded percent sign stays one', () => {
    expect(parseArtifactUri('artifact://task-1/%252e%252e')).toMatchObject({ name: '%2e%2e' });
  });

  it('names nothing outside, whatever it is made of', () => {
    const texts = fc.oneof(
      hostile.map((path) => `artifact://task-1/${path}`),
      fc.string({ unit: 'binary' }).map((path) => `artifact://task-1/${path}`),
      fc.tuple(hostile, hostile).map(([host, path]) => `artifact://${host}/${path}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let uri: ArtifactUri;
        try {
          uri = parseArtifactUri(text);
        } catch (error) {
          expect(error).toEqual(refused);
          return;
        }
        if (uri.kind === 'content') return;
        expect(idSchema.safeParse(uri.taskId).success).toBe(true);
        const inside = posix.resolve('/store', uri.taskId, uri.name);
        expect(inside).toBe(`/store/${uri.taskId}/${uri.name}`);
        // eslint-disable-next-line no-control-regex
        expect(uri.name).not.toMatch(/[\\\u0000-\u001f\u007f]/);
        expect(parseArtifactUri(formatArtifactUri(uri))).toEqual(uri);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a task that is called like the digest', { kind: 'name', taskId: 'sha256', name: 'a'.repeat(64) }],
    ['a name with half a character', { kind: 'name', taskId: 'task-1', name: 'a\ud800' }],
    ['a name that leads out', { kind: 'name', taskId: 'task-1', name: '../a' }],
    ['a task that is no id', { kind: 'name', taskId: '../a', name: 'a' }],
    ['a digest that is none', { kind: 'content', sha256: '../a' }],
  ] satisfies [string, ArtifactUri][])('is not made of %s', (_what, uri) => {
    expect(() => formatArtifactUri(uri)).toThrow(refused);
  });
});
