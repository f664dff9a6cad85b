import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { memoryRuntime, type MemoryScript, type MemoryStep } from '@runtime/conformance/memory-runtime';
import type { Artifact, ControlPlane } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { openReadOnlyPlane } from '../../src/index.ts';
import { eventsOf, makePlaces, openPlane, retry, socketClient, typesOf, type Places } from '../support/planes.ts';
import { textOf } from '../support/text-of.ts';

const write = (path: string, text: string): MemoryStep => ({ do: 'write', path, text });
const say = (text: string | readonly string[]): MemoryStep => ({ do: 'say', text });

async function artifactsOf(plane: ControlPlane, taskId: string): Promise<Artifact[]> {
  const found: Artifact[] = [];
  for await (const artifact of plane.task(taskId).artifacts()) found.push(artifact);
  return found;
}

const namesOf = (artifacts: readonly Artifact[]): string[] => artifacts.map(({ name }) => name);

/** An owner, whose agents write and say this. */
const openOwner = (places: Places, steps: readonly MemoryStep[]): Promise<ControlPlane> =>
  openPlane(places, { adapters: [memoryRuntime({ script: () => steps })], listen: true });

describe('deliverables', () => {
  it('are kept at the end of a task, and read in this process, over the socket and from the files', async () => {
    await using places = await makePlaces();
    const big = 'x'.repeat(700_000);
    const steps = [write('out/report.md', 'all well'), write('out/big.txt', big), write('notes.md', 'not asked for')];
    let id: string;
    {
      await using owner = await openOwner(places, steps);
      await using client = await socketClient(places);
      const deliverables = [{ glob: 'out/*' }];
      const task = await owner.submit({ prompt: 'go', workspace: places.workspace, deliverables });
      ({ id } = task);
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      await rm(places.workspace, { recursive: true });
      await expectKept(owner, id, big);
      await expectKept(client, id, big);
      expect(typesOf(await eventsOf(owner, id)).slice(-3)).toEqual([
        'artifact.stored',
        'artifact.stored',
        'task.ended',
      ]);
      expect((await client.task(id).status()).artifacts).toEqual({ count: 2, bytes: 700_008 });
    }
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir });
    await expectKept(reader, id, big);
  });

  async function expectKept(plane: ControlPlane, id: string, big: string): Promise<void> {
    const artifacts = await artifactsOf(plane, id);
    const { runs } = await plane.task(id).status();
    expect(artifacts).toMatchObject([
      { name: 'out/big.txt', bytes: 700_000, mediaType: 'text/plain', uri: `artifact://${id}/out/big.txt` },
      { name: 'out/report.md', bytes: 8, mediaType: 'text/markdown', origin: 'deliverable', runId: runs[0]?.runId },
    ]);
    const [first, second] = artifacts;
    expect(await textOf(first!.body())).toBe(big);
    expect(await textOf(second!.body({ start: 4, end: 7 }))).toBe('wel');
    expect(await textOf(plane.readArtifact(`artifact://${id}/out/report.md`))).toBe('all well');
    expect(await textOf(plane.readArtifact(`artifact://sha256/${second!.sha256}`))).toBe('all well');
    await expect(textOf(plane.readArtifact(`artifact://${id}/notes.md`))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(textOf(plane.readArtifact('artifact://task-nowhere/a'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(textOf(plane.readArtifact(`artifact://sha256/${'0'.repeat(64)}`))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(textOf(plane.readArtifact('file:///etc/passwd'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(artifactsOf(plane, 'task-nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(textOf(first!.body({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'CANCELLED' });
  }

  it('that are missing fail a task that succeeded, and say why', async () => {
    await using places = await makePlaces();
    await using owner = await openOwner(places, [write('real.md', 'text')]);
    await symlink('/etc/passwd', join(places.workspace, 'report.md'));
    const submit = async (deliverables: readonly { glob: string; required?: boolean }[]) =>
      (await owner.submit({ prompt: 'go', workspace: places.workspace, deliverables })).outcome();
    expect(await submit([{ glob: 'dist/**' }, { glob: 'report.md' }, { glob: 'real.md' }])).toEqual({
      status: 'failed',
      code: 'deliverable_missing',
      message: expect.stringMatching(/^nothing was delivered for "dist\/\*\*", "report\.md" \("report\.md": .*link/),
    });
    expect(await submit([{ glob: 'dist/**', required: false }, { glob: 'real.md' }])).toEqual({ status: 'succeeded' });
  });

  it('say what was refused in the log, and keep what is there', async () => {
    await using places = await makePlaces();
    await using owner = await openOwner(places, [write('out/a', 'a')]);
    await mkdir(join(places.workspace, 'out'));
    for (let at = 0; at < 60; at += 1) await symlink('/etc/passwd', join(places.workspace, `out/link-${at}`));
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace, deliverables: [{ glob: 'out/*' }] });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const refused = (await eventsOf(owner, task.id)).filter(({ type }) => type === 'artifact.refused');
    expect(refused).toHaveLength(50);
    expect(refused.at(-1)).toMatchObject({ reason: 'link', origin: 'deliverable', omitted: 10 });
    expect(namesOf(await artifactsOf(owner, task.id))).toEqual(['out/a']);
  });

  it('of a task that fails are kept, and its outcome stays', async () => {
    await using places = await makePlaces();
    const outcome = { status: 'failed', code: 'refusal', message: 'no' } as const;
    await using owner = await openOwner(places, [write('half.md', 'half'), { do: 'end', outcome }]);
    const deliverables = [{ glob: '*.md' }, { glob: 'never' }];
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace, deliverables });
    expect(await task.outcome()).toEqual(outcome);
    expect(namesOf(await artifactsOf(owner, task.id))).toEqual(['half.md']);
  });

  it('are not waited for in a workspace that the agent removed', async () => {
    await using places = await makePlaces();
    const workspace = await mkdtemp(join(places.root, 'gone-'));
    const script = async function* (): AsyncGenerator<MemoryStep> {
      await rm(workspace, { recursive: true });
      yield say('done');
    };
    await using owner = await openPlane(places, { adapters: [memoryRuntime({ script })] });
    const task = await owner.submit({ prompt: 'go', workspace, deliverables: [{ glob: '*' }] });
    expect(await task.outcome()).toMatchObject({
      code: 'deliverable_missing',
      message: expect.stringContaining(workspace),
    });
  });

  it('of a task that is cancelled are not looked for', async () => {
    await using places = await makePlaces();
    await using owner = await openOwner(places, [write('half.md', 'half'), say('half'), { do: 'hang' }]);
    const deliverables = [{ glob: '*.md' }];
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace, deliverables });
    await expect.poll(async () => (await task.status()).lastMessage).toBe('half');
    await task.cancel();
    expect(await task.outcome()).toEqual({ status: 'cancelled' });
    expect((await artifactsOf(owner, task.id)).map(({ origin }) => origin)).toEqual(['message']);
  });

  it.each(['', '/etc/passwd', '../secret', 'a/../../b', 'a\0b', 'x'.repeat(1025)])(
    'cannot be asked for as %j',
    async (glob) => {
      await using places = await makePlaces();
      await using owner = await openOwner(places, []);
      const request = { prompt: 'go', workspace: places.workspace, deliverables: [{ glob }] };
      await expect(owner.submit(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );

  it('cost a task without any not even a directory', async () => {
    await using places = await makePlaces();
    await using owner = await openOwner(places, [{ do: 'print', text: 'done' }]);
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace });
    await task.outcome();
    expect(existsSync(join(places.dataDir, 'artifacts'))).toBe(false);
    expect(await artifactsOf(owner, task.id)).toEqual([]);
    await owner.close();
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir });
    expect(await artifactsOf(reader, task.id)).toEqual([]);
    await expect(textOf(reader.readArtifact(`artifact://sha256/${'0'.repeat(64)}`))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('files that the tools of the agent say they wrote', () => {
  const wrote = (path: string, kind: 'work' | 'output' = 'work'): MemoryStep => ({
    do: 'emit',
    event: { type: 'file.written', path, kind },
  });

  it('are kept as they are at the end, each once, wherever the agent thinks that it works', async () => {
    await using places = await makePlaces();
    const alias = join(places.root, 'alias');
    await symlink(places.workspace, alias);
    const steps = [
      write('a[1].md', 'first'),
      wrote('a[1].md'),
      write('sub/b.md', 'b'),
      wrote(join(places.workspace, 'sub/b.md')),
      write('c.md', 'c'),
      wrote(join(alias, 'c.md')),
      write('a[1].md', 'last'),
      wrote('./a[1].md'),
      wrote('deleted.md'),
      write('report.md', 'r'),
      wrote('report.md'),
    ];
    await using owner = await openOwner(places, steps);
    const deliverables = [{ glob: '*.md' }];
    for (const asked of [undefined, deliverables]) {
      const request = { prompt: 'go', workspace: places.workspace, ...(asked ? { deliverables: asked } : {}) };
      const task = await owner.submit(request);
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      const artifacts = await artifactsOf(owner, task.id);
      const origin = asked ? 'deliverable' : 'tool';
      expect(Object.fromEntries(artifacts.map((each) => [each.name, each.origin]))).toEqual({
        'a[1].md': origin,
        'c.md': origin,
        'report.md': origin,
        'sub/b.md': 'tool',
      });
      expect(await textOf(artifacts.find(({ name }) => name === 'a[1].md')!.body())).toBe('last');
      expect((await eventsOf(owner, task.id)).filter(({ type }) => type === 'artifact.refused')).toEqual([]);
    }
    const ignoring = await owner.submit({ prompt: 'go', workspace: places.workspace, written: 'ignore' });
    await ignoring.outcome();
    expect(await artifactsOf(owner, ignoring.id)).toEqual([]);
  });

  it('are not kept from outside of the workspace, but for an output that an event has cut', async () => {
    await using places = await makePlaces();
    const log = join(places.root, 'pi-bash-12ab.log');
    await writeFile(log, 'whole');
    await writeFile(join(places.root, 'secret'), 'secret');
    await symlink(join(places.root, 'secret'), join(places.root, 'link.log'));
    const steps = [
      wrote('../secret'),
      wrote('/etc/passwd'),
      wrote(log, 'output'),
      wrote(join(places.root, 'link.log'), 'output'),
    ];
    await using owner = await openOwner(places, steps);
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(namesOf(await artifactsOf(owner, task.id))).toEqual(['runs/1/pi-bash-12ab.log']);
    const refused = (await eventsOf(owner, task.id)).filter(({ type }) => type === 'artifact.refused');
    expect(refused.map(({ name, reason }) => [name, reason])).toEqual([
      ['../secret', 'outside'],
      ['/etc/passwd', 'outside'],
      ['runs/1/link.log', 'link'],
    ]);
  });

  it('are remembered up to a number, and the others are told', async () => {
    await using places = await makePlaces();
    const many = Array.from({ length: 300 }, (_, at) => [write(`f${at}`, `${at}`), wrote(`f${at}`)]).flat();
    await using owner = await openOwner(places, [...many, wrote('f0')]);
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace });
    await task.outcome();
    expect(await artifactsOf(owner, task.id)).toHaveLength(256);
    const refused = (await eventsOf(owner, task.id)).filter(({ type }) => type === 'artifact.refused');
    expect(refused).toMatchObject([{ reason: 'too_many', message: expect.stringContaining('44 of them') }]);
  });
});

describe('what is handed in', () => {
  it('is kept with the task while it is open, as bytes or as a file, in this process and over the socket', async () => {
    await using places = await makePlaces();
    const gate = join(places.root, 'gate');
    await using owner = await openOwner(places, [{ do: 'gate', until: gate }]);
    await using client = await socketClient(places);
    const file = join(places.root, 'big.csv');
    await writeFile(file, 'y'.repeat(1_500_000));
    await symlink(file, join(places.root, 'link.csv'));
    const { id } = await owner.submit({ prompt: 'go', workspace: places.workspace });
    for (const plane of [owner, client]) {
      const task = plane.task(id);
      const kept = await task.putArtifact('notes/a b.txt', Buffer.from('first'));
      expect(kept).toMatchObject({
        bytes: 5,
        origin: 'put',
        mediaType: 'text/plain',
        uri: `artifact://${id}/notes/a%20b.txt`,
      });
      expect(await textOf(kept.body())).toBe('first');
      expect(await task.putArtifact('big.csv', { file })).toMatchObject({ bytes: 1_500_000, mediaType: 'text/csv' });
      expect(await task.putArtifact('notes/a b.txt', Buffer.from('second'), { mediaType: 'x/y' })).toMatchObject({
        mediaType: 'x/y',
      });
      expect(namesOf(await artifactsOf(plane, id))).toEqual(['big.csv', 'notes/a b.txt']);
      expect(await textOf(plane.readArtifact(`artifact://${id}/notes/a%20b.txt`))).toBe('second');
      const refused = async (name: string, source: Parameters<typeof task.putArtifact>[1]): Promise<unknown> =>
        task.putArtifact(name, source).catch((error: { code?: string }) => error.code);
      expect(await refused('../a', Buffer.from('x'))).toBe('INVALID_ARGUMENT');
      expect(await refused('a', Buffer.alloc(1024 * 1024 + 1))).toBe('INVALID_ARGUMENT');
      expect(await refused('a', { file: join(places.root, 'link.csv') })).toBe('INVALID_ARGUMENT');
      expect(await refused('a', { file: places.root })).toBe('INVALID_ARGUMENT');
      expect(await refused('a', { file: join(places.root, 'none') })).toBe('NOT_FOUND');
      expect(await refused('a', 5 as never)).toBe('INVALID_ARGUMENT');
    }
    await writeFile(gate, '');
    await owner.task(id).outcome();
    await expect(client.task(id).putArtifact('late', Buffer.from('x'))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(client.task('task-none').putArtifact('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('the last message of a run', () => {
  it('is an artifact, whole, however long it is', async () => {
    await using places = await makePlaces();
    const piece = `${'words '.repeat(10_000)}😀`;
    const long = Array.from({ length: 8 }, () => piece);
    await using owner = await openOwner(places, [say('first'), say(long), say('  \n')]);
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace });
    await task.outcome();
    const [message, ...rest] = await artifactsOf(owner, task.id);
    expect(rest).toEqual([]);
    expect(message).toMatchObject({ name: 'runs/1/message.md', origin: 'message', mediaType: 'text/markdown' });
    expect(await textOf(message!.body())).toBe(long.join(''));
    expect(typesOf(await eventsOf(owner, task.id)).slice(-3)).toEqual(['artifact.stored', 'run.ended', 'task.ended']);
  });

  it('is kept for each run of a task', async () => {
    await using places = await makePlaces();
    const script: MemoryScript = ({ history }) =>
      history.some(({ from }) => from === 'agent')
        ? [say('two')]
        : [say('one'), { do: 'exit', exit: { kind: 'signaled', signal: 'SIGKILL' } }];
    await using owner = await openPlane(places, { adapters: [memoryRuntime({ script })] });
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace, retry });
    await task.outcome();
    const artifacts = await artifactsOf(owner, task.id);
    expect(namesOf(artifacts)).toEqual(['runs/1/message.md', 'runs/2/message.md']);
    expect(await Promise.all(artifacts.map((each) => textOf(each.body())))).toEqual(['one', 'two']);
  });

  it('is kept by a later owner, who did not hear it', async () => {
    await using places = await makePlaces();
    const gate = join(places.root, 'gate');
    const script = (): MemoryStep[] => [say('the answer'), { do: 'gate', until: gate }];
    const adapter = memoryRuntime({ script });
    const first = await openPlane(places, { adapters: [adapter] });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    await expect.poll(async () => (await first.task(id).status()).lastMessage).toBe('the answer');
    await first.close();
    await writeFile(gate, '');
    await using second = await openPlane(places, { adapters: [adapter] });
    await second.task(id).outcome();
    const [message] = await artifactsOf(second, id);
    expect(await textOf(message!.body())).toBe('the answer');
  });
});
