/** Shows what README.md tells, and checks it. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '@runtime/contracts';
import { check } from './check.ts';
import type { Delay } from './heartbeat.ts';
import { openHost, type Host } from './host.ts';
import { Reader } from './reader.ts';

const agents = 10;
/** How long the event loop is watched each time, in ms. */
const watchMs = 2000;

const root = await mkdtemp(join(tmpdir(), 'http-host-'));
try {
  const workspace = join(root, 'workspace');
  await mkdir(workspace);
  await writeFile(join(workspace, 'go-on'), '');
  const host = await openHost(join(root, 'data'), workspace);
  try {
    await show(host, () => rm(join(workspace, 'go-on')));
  } finally {
    await endAll(host.plane);
    await host.close();
  }
} finally {
  await rm(root, { recursive: true, force: true });
}

async function show({ url, headers, plane, handOver }: Host, letAgentsEnd: () => Promise<void>): Promise<void> {
  assert.equal((await fetch(`${url}/heartbeat`)).status, 401);
  assert.equal((await fetch(`${url}/tasks/task-none/events`, { headers })).status, 404);
  report('no agent', await delay());

  const ids: string[] = [];
  for (let agent = 0; agent < agents; agent += 1) ids.push(await startTask(`agent ${agent}`));
  assert.equal(await startTask('agent 0'), ids[0], 'the same key, the same task');
  const readers = ids.map((id) => new Reader(`${url}/tasks/${id}/events`, headers));
  const reading = Promise.all(readers.map((reader) => reader.read()));
  const allReadOn = () => Promise.race([reading, Promise.all(readers.map((reader) => reader.more(20)))]);
  await allReadOn();
  report(`${agents} agents`, await delay());

  readers[0]?.breakOff();
  const { epoch } = await plane.info();
  await handOver();
  assert.equal((await plane.info()).epoch, epoch + 1);
  await allReadOn();
  console.log(`copy 2 owns the data directory; ${agents} agents work on and ${agents} readers read on`);

  await letAgentsEnd();
  await reading;
  assert.deepEqual(
    readers.map(({ connections }) => connections),
    ids.map((_, index) => (index === 0 ? 2 : 1)),
    'only the connection that was broken off is made again',
  );
  for (const [index, reader] of readers.entries()) await check(plane.task(ids[index] ?? ''), reader);
  console.log('each reader has every event once, and every line of its agent');

  async function startTask(prompt: string): Promise<string> {
    const keyed = { ...headers, 'idempotency-key': prompt };
    const response = await fetch(`${url}/tasks`, { method: 'POST', headers: keyed, body: prompt });
    assert.equal(response.status, 201);
    return ((await response.json()) as { readonly id: string }).id;
  }

  /** While nothing else is asked of the host. */
  async function delay(): Promise<Delay> {
    await fetch(`${url}/heartbeat`, { headers });
    await sleep(watchMs);
    return (await (await fetch(`${url}/heartbeat`, { headers })).json()) as Delay;
  }
}

function report(what: string, { beats, p99, max }: Delay): void {
  assert.ok(beats > 0, 'the heart beats');
  console.log(`event loop with ${what}: p99 ${p99.toFixed(1)} ms late, at most ${max.toFixed(1)} ms`);
}

/** An example that fails leaves no agent either. */
async function endAll(plane: ControlPlane): Promise<void> {
  for (const { id, endedAt } of await plane.tasks()) {
    if (endedAt !== undefined) continue;
    await plane.task(id).cancel();
    await plane.task(id).outcome();
  }
}
