import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact, ControlPlane } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { finish, openStage, typesOf, type Stage } from './support/stage.ts';

async function artifactsOf(plane: ControlPlane, id: string): Promise<Map<string, Artifact>> {
  const found = new Map<string, Artifact>();
  for await (const artifact of plane.task(id).artifacts()) found.set(artifact.name, artifact);
  return found;
}

async function textOf(artifact: Artifact | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifact?.body() ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const write = (path: string, content: string) => ({ name: 'write', arguments: { path, content } });

describe('what real Pi makes', () => {
  it('is kept: files that it wrote and edited, its last message, and an output that was too long for it', async () => {
    const text = 'alpha\nbeta\n';
    await using stage = await openStage({
      rules: [
        { when: { nth: 1 }, reply: { text: 'I begin.', toolCalls: [write('docs/a b.md', text), write('c.txt', 'c')] } },
        {
          when: { nth: 2 },
          reply: {
            toolCalls: [
              { name: 'edit', arguments: { path: 'docs/a b.md', edits: [{ oldText: 'beta', newText: 'gamma' }] } },
              { name: 'bash', arguments: { command: 'seq 1 40000' } },
              { name: 'bash', arguments: { command: 'echo made by a command > made.txt' } },
            ],
          },
        },
        { reply: { text: 'All is written.' } },
      ],
    });
    const plane = await stage.open();
    const task = await plane.submit({
      prompt: 'Write',
      workspace: stage.workspace,
      deliverables: [{ glob: 'made.txt' }],
    });
    await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const artifacts = await artifactsOf(plane, task.id);
    const output = [...artifacts.keys()].find((name) => name.startsWith('runs/1/pi-bash-'));
    expect(new Set(artifacts.keys())).toEqual(
      new Set(['c.txt', 'docs/a b.md', 'made.txt', 'runs/1/message.md', output]),
    );
    expect(await textOf(artifacts.get('docs/a b.md'))).toBe('alpha\ngamma\n');
    const bytes = await readFile(join(stage.workspace, 'docs/a b.md'));
    expect(artifacts.get('docs/a b.md')).toMatchObject({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      origin: 'tool',
      mediaType: 'text/markdown',
    });
    expect(artifacts.get('made.txt')).toMatchObject({ origin: 'deliverable' });
    expect(await textOf(artifacts.get('runs/1/message.md'))).toBe('All is written.');
    const lines = (await textOf(artifacts.get(output ?? ''))).trim().split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([40_000, '1', '40000']);
  });

  it('is not enough without a deliverable that is required', async () => {
    await using stage = await openStage({ rules: [{ reply: { text: 'Done!' } }] });
    const plane = await stage.open();
    const task = await plane.submit({
      prompt: 'Write report.md',
      workspace: stage.workspace,
      deliverables: [{ glob: 'report.md' }],
    });
    await finish(stage, task);
    expect(await task.outcome()).toEqual({
      status: 'failed',
      code: 'deliverable_missing',
      message: 'nothing was delivered for "report.md"',
    });
  });
});

describe('a check of what real Pi made', () => {
  const command = ['sh', '-c', 'n=$(cat work.txt); echo "saw $n"; [ "$n" = three ]'];
  const rules = [
    { when: { nth: 1 }, reply: { toolCalls: [write('work.txt', 'one')] } },
    { when: { nth: 2 }, reply: { text: 'Done.' } },
    { when: { nth: 3 }, reply: { toolCalls: [write('work.txt', 'two')] } },
    { when: { nth: 4 }, reply: { text: 'Done again.' } },
    { when: { nth: 5 }, reply: { toolCalls: [write('work.txt', 'three')] } },
    { reply: { text: 'Done at last.' } },
  ];

  const heardBy = (stage: Stage): string => JSON.stringify(stage.server.requests().at(-1)?.body.messages);

  it('fails twice and then passes, in one conversation that is told what was seen', async () => {
    await using stage = await openStage({ rules });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Count', workspace: stage.workspace, check: { command } });
    const events = await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(events.flatMap((event) => (event.type === 'check.ended' ? [event.ok] : []))).toEqual([false, false, true]);
    expect((await task.status()).runs.map(({ mode }) => mode)).toEqual(['start', 'resume', 'resume']);
    expect(await stage.starts()).toHaveLength(3);
    for (const said of ['Count', 'Done.', 'saw one', 'Done again.', 'saw two']) expect(heardBy(stage)).toContain(said);
    const artifacts = await artifactsOf(plane, task.id);
    expect(await textOf(artifacts.get('checks/3/stdout.txt'))).toBe('saw three\n');
    expect(await textOf(artifacts.get('work.txt'))).toBe('three');
    expect(await textOf(artifacts.get('runs/3/message.md'))).toBe('Done at last.');
  });

  it('fails the task when its rounds are over', async () => {
    await using stage = await openStage({ rules });
    const plane = await stage.open();
    const check = { command, maxRounds: 1 };
    const task = await plane.submit({ prompt: 'Count', workspace: stage.workspace, check });
    const events = await finish(stage, task);
    expect(await task.outcome()).toMatchObject({ status: 'failed', code: 'check_failed' });
    expect(typesOf(events).filter((type) => type === 'check.ended')).toHaveLength(2);
  });
});
