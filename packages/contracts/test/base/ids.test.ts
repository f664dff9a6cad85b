import { describe, expect, it } from 'vitest';
import { backendIdSchema, idSchema, runtimeIdSchema } from '../../src/index.ts';
import { planeStream, runtimeStream, taskIdOf, taskStream } from '../../src/log/index.ts';

describe('ids', () => {
  it.each(['a', '0', 'task-01j', 'a'.repeat(64)])('may be %j', (id) => {
    expect(idSchema.safeParse(id).success).toBe(true);
    expect(runtimeIdSchema.safeParse(id).success).toBe(true);
  });

  it.each(['', '-a', 'A', 'a_b', 'a.b', 'a/b', '..', 'a b', 'a\n', 'ä', 'a'.repeat(65), "a'", '$a'])(
    'may not be %j',
    (id) => {
      expect(idSchema.safeParse(id).success).toBe(false);
      expect(runtimeIdSchema.safeParse(id).success).toBe(false);
    },
  );

  it('take a backend’s text as it is, without control characters and not too long', () => {
    for (const id of ['x', 'call_1/2:ü 日本', 'A'.repeat(512)])
      expect(backendIdSchema.safeParse(id).success).toBe(true);
    for (const id of ['', 'a\0', 'a\nb', 'a\u001b[31m', '\u007f', '\u009b', 'A'.repeat(513)])
      expect(backendIdSchema.safeParse(id).success, JSON.stringify(id)).toBe(false);
  });

  it('name their streams', () => {
    expect([taskStream('t'), runtimeStream('pi'), planeStream]).toEqual(['task/t', 'runtime/pi', 'plane']);
    expect(taskIdOf(taskStream('task-1'))).toBe('task-1');
    expect(taskIdOf(runtimeStream('pi'))).toBeUndefined();
    expect(taskIdOf(planeStream)).toBeUndefined();
  });
});
