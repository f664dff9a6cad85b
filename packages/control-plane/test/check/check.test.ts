import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { memoryArtifactStore } from '@runtime/artifacts';
import { memoryRuntime, type MemoryScript, type MemoryStep } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { appears, artifactsOf, checksOf, request, sh, worker } from '../support/checks.ts';
import { eventsOf, makePlaces, openPlane, typesOf, type Places } from '../support/planes.ts';

/** The files that hold values to mask. */
async function secretsLeft({ dataDir }: Places): Promise<string[]> {
  const files = await readdir(join(dataDir, 'runs'), { recursive: true });
  return files.filter((file) => file.endsWith('secrets.json'));
}

describe('a check', () => {
  it('decides by its exit code after the agent has ended, and what it printed is kept', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })] });
    const task = await plane.submit(request(places, { check: { command: sh('echo good; echo hm >&2; cat work') } }));
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(await artifactsOf(plane, task.id)).toEqual({
      'runs/1/message.md': 'told: go',
      'checks/1/stdout.txt': 'good\nagain',
      'checks/1/stderr.txt': 'hm\n',
    });
    const types = typesOf(await eventsOf(plane, task.id));
    expect(types.slice(types.indexOf('run.ended'))).toEqual([
      'run.ended',
      'check.started',
      'artifact.stored',
      'artifact.stored',
      'check.ended',
      'task.ended',
    ]);
    expect((await task.status()).check).toEqual({ round: 1, status: 'passed', exit: { kind: 'exited', code: 0 } });
  });

  it('that fails twice and then passes sends the agent back with what it printed, in the same conversation', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })] });
    const command = sh('echo x >> rounds; echo "seen $(wc -l < rounds)"; [ $(wc -l < rounds) -ge 3 ]');
    const task = await plane.submit(request(places, { check: { command }, retry: { maxAttempts: 1 } }));
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect((await checksOf(plane, task.id)).map(({ round, ok }) => [round, ok])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    const { runs } = await task.status();
    expect(runs.map(({ mode, attempt }) => [mode, attempt])).toEqual([
      ['start', 1],
      ['resume', 1],
      ['resume', 1],
    ]);
    expect(new Set(runs.map(({ agentSessionId }) => agentSessionId)).size).toBe(1);
    const texts = await artifactsOf(plane, task.id);
    expect(texts['runs/2/message.md']).toMatch(
      /^told: The work was checked with `echo x >> rounds; .*1 of at most 4.*seen 1\n/s,
    );
    expect(texts['runs/3/message.md']).toContain('seen 2');
  });

  it('that never passes fails the task after its rounds', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })] });
    const check = { command: sh('exit 7'), maxRounds: 1 };
    const task = await plane.submit(request(places, { check, deliverables: [{ glob: 'work' }] }));
    expect(await task.outcome()).toEqual({
      status: 'failed',
      code: 'check_failed',
      message: 'The check failed in round 2: it exited with 7',
    });
    expect(Object.keys(await artifactsOf(plane, task.id))).toContain('work');
    const once = await plane.submit(request(places, { check: { ...check, maxRounds: 0 } }));
    expect(await once.outcome()).toMatchObject({ code: 'check_failed', message: 'The check failed: it exited with 7' });
    expect((await once.status()).runs).toHaveLength(1);
  });

  it('tells an agent that cannot resume with its prompt, when it starts over', async () => {
    await using places = await makePlaces();
    const adapters = [memoryRuntime({ script: worker, capabilities: { resume: 'none' } })];
    await using plane = await openPlane(places, { adapters });
    const command = sh('echo x >> rounds; echo not yet; [ $(wc -l < rounds) -ge 2 ]');
    const task = await plane.submit(request(places, { check: { command } }));
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect((await task.status()).runs.map(({ mode }) => mode)).toEqual(['start', 'restart']);
    const texts = await artifactsOf(plane, task.id);
    expect(texts['runs/2/message.md']).toMatch(/^told: go\n.*Further instruction: The work was checked.*not yet/s);
  });

  it('is not asked about work that failed', async () => {
    await using places = await makePlaces();
    const script = (): MemoryStep[] => [{ do: 'end', outcome: { status: 'failed', code: 'refusal', message: 'no' } }];
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script })] });
    const task = await plane.submit(request(places, { check: { command: sh('echo x > checked') } }));
    expect(await task.outcome()).toMatchObject({ code: 'refusal' });
    expect(await readdir(places.workspace)).toEqual([]);
  });

  it('is ended, with all that it started, when it takes too long', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })] });
    const command = sh('sleep 1000 & echo $! > pid; echo waits; wait');
    const task = await plane.submit(request(places, { check: { command, timeoutMs: 300, maxRounds: 0 } }));
    expect(await task.outcome()).toMatchObject({ code: 'check_failed', message: 'The check failed: it took too long' });
    const pid = (await readFile(join(places.workspace, 'pid'), 'utf8')).trim();
    // One that nobody has waited for yet is dead as well.
    const { stdout } = await promisify(execFile)('sh', ['-c', 'ps -o stat= -p "$0" || true', pid]);
    expect(stdout.trim()).toMatch(/^(Z.*)?$/);
    expect((await artifactsOf(plane, task.id))['checks/1/stdout.txt']).toBe('waits\n');
  });

  it('is ended by a cancel, and by the deadline of the task', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })] });
    const check = { command: sh('touch began; exec sleep 1000') };
    const task = await plane.submit(request(places, { check }));
    await appears(places, 'began');
    expect(await task.status()).toMatchObject({
      status: 'running',
      check: { round: 1, status: 'running' },
      waitingFor: { kind: 'check', text: expect.stringContaining('touch began') },
    });
    await task.cancel();
    expect(await task.outcome()).toEqual({ status: 'cancelled' });
    expect(await checksOf(plane, task.id)).toMatchObject([{ ok: false, cause: 'cancel' }]);
    const late = await plane.submit(request(places, { check, deadlineMs: 2_000 }));
    expect(await late.outcome()).toMatchObject({ status: 'timed_out' });
  });

  it('that cannot be run at all fails the task, and one that is not there is told to the agent', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })] });
    const long = await plane.submit(request(places, { check: { command: ['x'.repeat(20_000), 'y'.repeat(32_768)] } }));
    expect(await long.outcome()).toMatchObject({
      code: 'check_failed',
      message: expect.stringMatching(/^The check failed: it could not be run: \S/),
    });
    const script: MemoryScript = ({ text }) =>
      text.includes('checked') ? [{ do: 'write', path: 'check.sh', text: 'exit 0' }] : [];
    await using later = await makePlaces();
    await using other = await openPlane(later, { adapters: [memoryRuntime({ script })] });
    const task = await other.submit(request(later, { check: { command: sh('exec sh check.sh') } }));
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect((await checksOf(other, task.id)).map(({ ok }) => ok)).toEqual([false, true]);
  });

  it('gets the variables of the task, and shows none of their secrets', async () => {
    await using places = await makePlaces();
    const script: MemoryScript = ({ text }) => [{ do: 'say', text }];
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script })] });
    const command = sh('echo "key $API_KEY of $RUNTIME_RUN_ID"; exit 1');
    const env = { set: { API_KEY: 'sk-very-secret-0123456789' } };
    const task = await plane.submit(request(places, { check: { command, maxRounds: 1 }, env }));
    await task.outcome();
    const texts = await artifactsOf(plane, task.id);
    expect(texts['checks/1/stdout.txt']).toMatch(/^key \*+ of check-\w+\n$/);
    expect(JSON.stringify([texts, await eventsOf(plane, task.id)])).not.toContain('very-secret');
    expect(await secretsLeft(places)).toEqual([]);
  });

  it('shows no secrets either that only its runs were given', async () => {
    await using places = await makePlaces();
    const file = join(places.root, 'env');
    await writeFile(file, 'FROM_FILE=first-0123456789', { mode: 0o600 });
    const keys = ['of-provider-0123456789', 'first-0123456789', 'other-0123456789'];
    const script: MemoryScript = function* ({ text }) {
      writeFileSync(file, 'FROM_FILE=other-0123456789');
      for (const path of keys) yield { do: 'write', path, text: '' };
      yield { do: 'say', text: `told: ${text}` };
    };
    const adapter = { ...memoryRuntime({ script }), passEnvironment: ['PROVIDER_KEY'] };
    const environment = { PATH: process.env['PATH'], PROVIDER_KEY: keys[0] };
    await using plane = await openPlane(places, { adapters: [adapter], environment });
    const check = { command: sh('ls; env; exit 1'), maxRounds: 1 };
    const task = await plane.submit(request(places, { check, env: { file } }));
    expect(await task.outcome()).toMatchObject({ code: 'check_failed' });
    const texts = await artifactsOf(plane, task.id);
    expect(texts['checks/1/stdout.txt']).toMatch(/^\*+\n\*+\n\*+\n/);
    expect(texts['runs/2/message.md']).toContain('It printed:');
    const shown = JSON.stringify([texts, await eventsOf(plane, task.id)]);
    expect(keys.filter((key) => shown.includes(key))).toEqual([]);
    expect(texts['checks/1/stdout.txt']).not.toContain('PROVIDER_KEY');
    expect(await secretsLeft(places)).toEqual([]);
  });

  it('whose values to mask are gone shows nothing, and says so to the agent', async () => {
    await using places = await makePlaces();
    const failpoint = async (name: string): Promise<void> => {
      if (name !== 'check.before') return;
      for (const file of await secretsLeft(places)) await rm(join(places.dataDir, 'runs', file));
    };
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })], failpoint });
    const task = await plane.submit(request(places, { check: { command: sh('echo seen; exit 1'), maxRounds: 1 } }));
    expect(await task.outcome()).toMatchObject({ code: 'check_failed' });
    const texts = await artifactsOf(plane, task.id);
    expect(Object.keys(texts)).not.toContain('checks/1/stdout.txt');
    expect(texts['runs/2/message.md']).toMatch(/What it printed is left out: the values to mask in it are gone\./);
  });

  it('decides as well where the store takes nothing: what was said and printed is refused', async () => {
    await using places = await makePlaces();
    const failing = (): Promise<never> => Promise.reject(new AgentRuntimeError('UNAVAILABLE', 'the disk fails'));
    const artifacts = { ...memoryArtifactStore(), put: failing };
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })], artifacts });
    const task = await plane.submit(request(places, { check: { command: sh('echo good; echo hm >&2') } }));
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const refused = (await eventsOf(plane, task.id)).filter(({ type }) => type === 'artifact.refused');
    const why = { reason: 'unstored', message: 'the disk fails' };
    expect(refused).toMatchObject([
      { name: 'runs/1/message.md', origin: 'message', ...why },
      { name: 'checks/1/stdout.txt', origin: 'check', ...why },
      { name: 'checks/1/stderr.txt', origin: 'check', ...why },
    ]);
  });

  it('goes on while no owner lives, and the next one takes its end for what it is', async () => {
    await using places = await makePlaces();
    const adapters = [memoryRuntime({ script: worker })];
    const first = await openPlane(places, { adapters });
    const command = sh('echo x >> starts; touch began; while [ ! -e go ]; do sleep 0.05; done; echo done');
    const { id } = await first.submit(request(places, { check: { command } }));
    await appears(places, 'began');
    await first.close();
    await using second = await openPlane(places, { adapters });
    await writeFile(join(places.workspace, 'go'), '');
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    expect(await readFile(join(places.workspace, 'starts'), 'utf8')).toBe('x\n');
    expect((await artifactsOf(second, id))['checks/1/stdout.txt']).toBe('done\n');
  });

  it('whose holder is killed is started again, three times in all', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })] });
    // The holder is its parent.
    const command = sh('echo x >> starts; kill -9 $PPID; sleep 1000');
    const env = { set: { API_KEY: 'sk-very-secret-0123456789' } };
    const task = await plane.submit(request(places, { check: { command }, env }));
    expect(await task.outcome()).toMatchObject({
      code: 'check_failed',
      message: 'The check failed: its process was lost again and again',
    });
    expect(await secretsLeft(places)).toEqual([]);
    expect(await readFile(join(places.workspace, 'starts'), 'utf8')).toBe('x\nx\nx\n');
  });

  it('whose owner is killed right after its end was recorded leaves no secrets either', async () => {
    await using places = await makePlaces();
    const adapters = [memoryRuntime({ script: worker })];
    let isDead = false;
    const failpoint = (name: string): void => {
      isDead ||= name === 'append.after:check.ended';
      if (isDead) throw new Error(`killed at ${name}`);
    };
    const first = await openPlane(places, { adapters, failpoint });
    const env = { set: { API_KEY: 'sk-very-secret-0123456789' } };
    const { id } = await first.submit(request(places, { check: { command: ['true'] }, env }));
    await expect.poll(() => isDead).toBe(true);
    await first.close().catch(() => undefined);
    await using second = await openPlane(places, { adapters });
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    expect(await secretsLeft(places)).toEqual([]);
  });

  it('whose exit nobody knows has not passed', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: worker })] });
    const record = '{"version":1,"began":true,"exit":{"kind":"unknown","why":"nobody saw it"}}';
    const script = `cd ${places.dataDir}/runs/check-*; echo '${record}' > draft; mv draft exit.json; kill -9 $PPID`;
    const task = await plane.submit(request(places, { check: { command: sh(script), maxRounds: 0 } }));
    expect(await task.outcome()).toMatchObject({
      code: 'check_failed',
      message: 'The check failed: how it ended is unknown',
    });
  });

  it.each([[[]], [['']], [['a\0b']], ['npm test']])('cannot be asked for as %j', async (command) => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
    const odd = request(places, { check: { command: command as string[] } });
    await expect(plane.submit(odd)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('takes a place of its scheduler while it runs', async () => {
    await using places = await makePlaces();
    const { fifo } = await import('../../src/index.ts');
    const adapters = [memoryRuntime({ script: worker })];
    await using plane = await openPlane(places, { adapters, scheduler: fifo({ concurrency: 1 }) });
    const check = { command: sh('touch began; while [ ! -e go ]; do sleep 0.05; done') };
    const first = await plane.submit(request(places, { check, shareWorkspace: true }));
    const second = await plane.submit(request(places, { shareWorkspace: true }));
    await appears(places, 'began');
    expect(await second.status()).toMatchObject({ status: 'queued', runs: [], waitingFor: { kind: 'concurrency' } });
    await writeFile(join(places.workspace, 'go'), '');
    await Promise.all([first.outcome(), second.outcome()]);
  });
});
