import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime, type MemoryScript } from '@runtime/conformance/memory-runtime';
import type { ControlPlane, SubmitRequest } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { artifactsOf, checksOf, request, sh, worker } from '../support/checks.ts';
import { eventsOf, makePlaces, openPlane, type Places } from '../support/planes.ts';

/** Says what it was told, and delivers once it is told to. */
const forgetful: MemoryScript = ({ text }) => [
  { do: 'say', text: `told: ${text}` },
  ...(text.includes('nothing was delivered') ? [{ do: 'write', path: 'report.md', text: 'all well' } as const] : []),
];

const roundsOf = async (plane: ControlPlane, id: string): Promise<unknown[]> =>
  (await eventsOf(plane, id)).flatMap((event) => (event.type === 'attempt.scheduled' ? [event['roundsUsed']] : []));

const open = (places: Places, script: MemoryScript): Promise<ControlPlane> =>
  openPlane(places, { adapters: [memoryRuntime({ script })] });

const report: Partial<SubmitRequest> = { check: { command: ['true'] }, deliverables: [{ glob: 'report.md' }] };

describe('a required deliverable that is missing after a check that passed', () => {
  it('is told to the agent as a failed check is, and what it then delivers is checked and kept', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, forgetful);
    const task = await plane.submit(request(places, report));
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect((await checksOf(plane, task.id)).map(({ ok }) => ok)).toEqual([true, true]);
    expect((await task.status()).runs.map(({ mode, attempt }) => [mode, attempt])).toEqual([
      ['start', 1],
      ['resume', 1],
    ]);
    const texts = await artifactsOf(plane, task.id);
    expect(texts['runs/2/message.md']).toMatch(/1 of at most 4.*nothing was delivered for "report\.md"/s);
    expect(texts['report.md']).toBe('all well');
    expect(await roundsOf(plane, task.id)).toEqual([1]);
  });

  it('is told with what was refused, and why', async () => {
    await using places = await makePlaces();
    await symlink('/etc/passwd', join(places.workspace, 'report.md'));
    await using plane = await open(places, worker);
    const task = await plane.submit(request(places, { ...report, check: { command: ['true'], maxRounds: 1 } }));
    expect(await task.outcome()).toMatchObject({
      code: 'deliverable_missing',
      message: expect.stringMatching(/^nothing was delivered for "report\.md" \("report\.md": .*link/),
    });
    expect((await artifactsOf(plane, task.id))['runs/2/message.md']).toMatch(/"report\.md": .*link/);
  });

  it('takes one of the rounds that failed checks take as well', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, worker);
    const command = sh('echo x >> rounds; [ $(wc -l < rounds) -ge 2 ]');
    const task = await plane.submit(request(places, { ...report, check: { command, maxRounds: 2 } }));
    expect(await task.outcome()).toMatchObject({ code: 'deliverable_missing' });
    expect(await roundsOf(plane, task.id)).toEqual([1, 2]);
    expect((await checksOf(plane, task.id)).map(({ ok }) => ok)).toEqual([false, true, true]);
  });

  it.each([
    ['no round is left', { ...report, check: { command: ['true'], maxRounds: 0 } }],
    ['there is no check', { deliverables: [{ glob: 'report.md' }] }],
  ])('fails the task at once where %s', async (_, more) => {
    await using places = await makePlaces();
    await using plane = await open(places, forgetful);
    const task = await plane.submit(request(places, more));
    expect(await task.outcome()).toMatchObject({ code: 'deliverable_missing' });
    expect((await task.status()).runs).toHaveLength(1);
  });

  it('is nothing to tell where it is not required', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, forgetful);
    const deliverables = [{ glob: 'report.md', required: false }];
    const task = await plane.submit(request(places, { ...report, deliverables }));
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect((await task.status()).runs).toHaveLength(1);
  });
});
