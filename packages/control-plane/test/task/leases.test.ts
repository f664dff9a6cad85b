import { describe, expect, it } from 'vitest';
import { Leases } from '../../src/task/leases.ts';

const byName = (a: string, b: string): number => (a < b ? -1 : 1);

describe('leases', () => {
  it('are held by one task, who may take them again', () => {
    const leases = new Leases();
    const freed: string[] = [];
    expect(leases.take('ws', 'a', false, () => freed.push('a'))).toBe(true);
    expect(leases.take('ws', 'a', false, () => freed.push('a'))).toBe(true);
    expect(leases.take('ws', 'b', false, () => freed.push('b'))).toBe(false);
    expect(leases.take('other', 'b', false, () => freed.push('b'))).toBe(true);
    leases.releaseAll('a');
    expect(freed).toEqual(['b']);
    expect(leases.take('ws', 'b', false, () => freed.push('b'))).toBe(true);
  });

  it('are shared by those who all say so', () => {
    const leases = new Leases();
    const nobody = (): void => undefined;
    expect(leases.take('ws', 'a', true, nobody)).toBe(true);
    expect(leases.take('ws', 'b', true, nobody)).toBe(true);
    expect(leases.take('ws', 'c', false, nobody)).toBe(false);
    leases.releaseAll('a');
    expect(leases.take('ws', 'c', false, nobody)).toBe(false);
    leases.releaseAll('b');
    expect(leases.take('ws', 'c', false, nobody)).toBe(true);
    expect(leases.take('ws', 'd', true, nobody)).toBe(false);
  });

  it('tell whoever was refused once, and nobody else', () => {
    const leases = new Leases();
    let told = 0;
    leases.take('ws', 'a', false, () => undefined);
    leases.take('ws', 'b', false, () => (told += 1));
    leases.releaseAll('nobody');
    expect(told).toBe(0);
    leases.releaseAll('a');
    leases.releaseAll('a');
    expect(told).toBe(1);
  });

  it('tell a task once, however often it asked', () => {
    const leases = new Leases();
    let told = 0;
    leases.take('ws', 'a', false, () => undefined);
    for (let tries = 0; tries < 1000; tries += 1) leases.take('ws', 'b', false, () => (told += 1));
    leases.releaseAll('a');
    expect(told).toBe(1);
  });

  it('of a directory and of one inside of it are the same, and of one that only begins like it are not', () => {
    const leases = new Leases();
    const freed: string[] = [];
    const take = (name: string, taskId: string, share = false): boolean =>
      leases.take(name, taskId, share, () => freed.push(taskId));
    expect(take('workspace:/a/b', 'holder')).toBe(true);
    expect(take('workspace:/a/b/c/d', 'inside')).toBe(false);
    expect(take('workspace:/a', 'outside')).toBe(false);
    expect(take('workspace:/', 'everything')).toBe(false);
    expect(take('workspace:/a/bc', 'beside')).toBe(true);
    expect(take('session:/a/b/c', 'other')).toBe(true);
    expect(leases.holder('workspace:/a/b/c/d', 'inside', false)).toBe('holder');
    leases.releaseAll('holder');
    expect(freed.toSorted(byName)).toEqual(['everything', 'inside', 'outside']);
    expect(take('workspace:/a/b/c/d', 'inside', true)).toBe(true);
    expect(take('workspace:/a/b', 'sharing', true)).toBe(true);
    expect(take('workspace:/a/b/c', 'alone')).toBe(false);
    leases.releaseAll('inside');
    expect(take('workspace:/a/b/c', 'alone')).toBe(false);
  });
});
