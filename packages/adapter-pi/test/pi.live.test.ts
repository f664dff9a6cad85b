import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { makeHandle, makeInstruction, makeLaunch } from '@runtime/conformance/adapter';
import { startModelServer, type ModelServer, type ScenarioInput } from '@runtime/conformance/model-server';
import type { Launch, SessionEvent } from '@runtime/contracts/adapter';
import { afterEach, describe, expect, test } from 'vitest';
import { pi } from '../src/index.ts';

/** `PI_BIN`, else the `pi` on PATH. A script is run by this Node. */
function findPi(): string[] | undefined {
  const named = process.env['PI_BIN'];
  if (named !== undefined) return named.endsWith('.js') ? [process.execPath, named] : [named];
  const found = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'pi'));
  const program = found.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return program === undefined ? undefined : [program];
}

const command = findPi();
const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of clean.splice(0).toReversed()) await undo();
});

/** The real Pi with a scripted model behind it. */
async function world(scenario: ScenarioInput) {
  const dir = await mkdtemp(join(tmpdir(), 'adapter-pi-live-'));
  clean.push(() => rm(dir, { recursive: true, force: true }));
  const server = await startModelServer({ scenario });
  clean.push(() => server.close());
  await mkdir(join(dir, 'agent'));
  const model = { id: 'fake-1', name: 'Fake', input: ['text', 'image'], contextWindow: 128_000, maxTokens: 8192 };
  const provider = { baseUrl: server.url, api: 'openai-completions', apiKey: 'fake-key', models: [model] };
  await writeFile(join(dir, 'agent', 'models.json'), JSON.stringify({ providers: { fake: provider } }));
  await writeFile(join(dir, 'agent', 'settings.json'), '{"retry":{"baseDelayMs":50}}');
  return { dir, server };
}

type World = Awaited<ReturnType<typeof world>>;
const adapter = pi({ ...(command ? { command } : {}), offline: true, extensions: false });

async function launchIn({ dir }: World, fields: Partial<Launch> = {}): Promise<Launch> {
  const handle = { ...(await makeHandle(dir)), runtime: 'pi' };
  clean.push(() => adapter.reap(handle));
  const env = { HOME: dir, PI_CODING_AGENT_DIR: join(dir, 'agent') };
  return makeLaunch(dir, handle, { target: { runtime: 'pi', model: 'fake/fake-1' }, ...fields, env });
}

async function run(place: World, fields: Partial<Launch> = {}) {
  const launch = await launchIn(place, fields);
  return follow(launch, await adapter.start(launch));
}

function follow(launch: Launch, session: Awaited<ReturnType<typeof adapter.start>>) {
  const events: SessionEvent[] = [];
  const reading = (async () => {
    for await (const batch of session.events()) events.push(...batch.events);
  })();
  const until = async <T extends SessionEvent['type']>(
    type: T,
    nth = 1,
  ): Promise<Extract<SessionEvent, { type: T }>> => {
    for (const deadline = performance.now() + 15_000; performance.now() < deadline;) {
      const found = events.filter((event): event is Extract<SessionEvent, { type: T }> => event.type === type)[nth - 1];
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no ${type}: ${events.map((event) => event.type).join(' ')}`);
  };
  const text = (): string => events.flatMap((event) => (event.type === 'text.delta' ? [event.text] : [])).join('');
  return { launch, session, events, reading, until, text };
}

const bodies = (server: ModelServer): string => JSON.stringify(server.requests());
const slowly = { text: Array.from({ length: 200 }, (_, index) => `w${index} `), delayMs: 20 };
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe.skipIf(command === undefined)(
  `the real Pi (${command?.join(' ') ?? 'not found: set PI_BIN'})`,
  { timeout: 40_000 },
  () => {
    test('asks before a tool, accepts an image, and reports a whole turn', async () => {
      const toolCalls = [{ name: 'bash', arguments: { command: 'echo hi' } }];
      const place = await world({
        rules: [
          { when: { lastRole: 'user' }, reply: { text: 'Running.', toolCalls } },
          { reply: { text: 'Finished.' } },
        ],
      });
      const approvals = {
        rules: [{ tool: 'bash', action: 'ask' as const }],
        default: 'allow' as const,
        timeoutMs: 60_000,
      };
      const { session, until, events, launch } = await run(place, { approvals });
      const parts = [
        { type: 'text' as const, text: 'Look.' },
        { type: 'image' as const, mediaType: 'image/png', data: pixel },
      ];
      await session.send(makeInstruction('', { parts }));
      const asked = await until('approval.requested');
      expect(asked).toMatchObject({ kind: 'tool', title: 'Allow the tool bash?', message: '{"command":"echo hi"}' });
      await session.answer(asked.approvalId, { choice: 'allow' });
      await expect(until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'succeeded' } });
      expect(events.find((event) => event.type === 'tool.ended')).toMatchObject({
        ok: true,
        output: 'hi\n',
        callId: asked.callId,
      });
      expect(bodies(place.server)).toContain('data:image/png;base64');
      expect(await session.stop()).toEqual({ kind: 'exited', code: 0 });
      expect(
        JSON.parse(readFileSync(join(launch.env['PI_CODING_AGENT_DIR'] ?? '', 'settings.json'), 'utf8')),
      ).toMatchObject({ retry: { baseDelayMs: 50 } });
    });

    test('loses none of two instructions that are sent at once, and follows up in a turn of its own', async () => {
      const place = await world({ rules: [{ reply: { text: ['one', ' two'], delayMs: 100 } }] });
      const { session, until, events } = await run(place);
      const sent = [
        makeInstruction('First.'),
        makeInstruction('Second.', { mode: 'steer' }),
        makeInstruction('Third.', { mode: 'followUp' }),
      ];
      await Promise.all(sent.map((instruction) => session.send(instruction)));
      await until('turn.ended', 2);
      const seen = events.flatMap((event) => (event.type === 'instruction.observed' ? [event.instructionId] : []));
      expect(seen).toEqual(sent.map((instruction) => instruction.id));
      expect(bodies(place.server)).toContain('Third.');
      await session.stop();
    });

    test('is interrupted right after a prompt, forgets what was queued, and accepts the next prompt', async () => {
      const place = await world({ rules: [{ times: 1, reply: slowly }, { reply: { text: 'Next.' } }] });
      const { session, until, text } = await run(place);
      await session.send(makeInstruction('Count.'));
      await session.send(makeInstruction('Left over.', { mode: 'steer' }));
      await session.interrupt();
      await expect(until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'cancelled' } });
      await session.send(makeInstruction('Go on.', { mode: 'followUp' }));
      await expect(until('turn.ended', 2)).resolves.toMatchObject({ outcome: { status: 'succeeded' } });
      expect(text()).toContain('Next.');
      expect(bodies(place.server)).not.toContain('Left over.');
      await session.stop();
    });

    test('ends the turn of a command that an extension handles, and treats an unknown command as a prompt', async () => {
      const place = await world({ rules: [{ reply: { text: 'An answer.' } }] });
      const extension = join(place.dir, 'command.js');
      await writeFile(extension, `export default (pi) => pi.registerCommand('ping', { handler: async () => {} });`);
      const adapter = pi({
        ...(command ? { command } : {}),
        offline: true,
        extensions: false,
        args: ['-e', extension],
      });
      const launch = await launchIn(place);
      const { session, until, text } = follow(launch, await adapter.start(launch));
      await session.send(makeInstruction('/ping'));
      await expect(until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'succeeded' } });
      expect(text()).toBe('');
      await session.send(makeInstruction('/no-such-command'));
      await until('turn.ended', 2);
      expect(text()).toBe('An answer.');
      await session.stop();
    });

    test('is reattached by another owner, and its session resumed by another process', async () => {
      const place = await world({
        rules: [{ times: 1, reply: { text: ['be', 'fore'], delayMs: 300 } }, { reply: { text: 'again' } }],
      });
      const first = await run(place);
      await first.session.send(makeInstruction('The word is marmalade.'));
      await first.until('text.delta');
      await first.session[Symbol.asyncDispose]();
      await first.reading;
      const found = await adapter.recover(first.launch.handle);
      if (found.status !== 'live') throw new Error(found.status);
      const reattached = follow(first.launch, found.session);
      await expect(reattached.until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'succeeded' } });
      expect(reattached.text()).toBe('before');
      await found.session.stop();
      const resume = { agentSessionId: found.session.agentSessionId ?? '', runDir: first.launch.handle.runDir };
      const second = await run(place, { resume });
      expect(second.session.agentSessionId).toBe(resume.agentSessionId);
      await second.session.send(makeInstruction('Which word?'));
      await second.until('turn.ended');
      expect(JSON.stringify(place.server.requests().at(-1))).toContain('marmalade');
      await second.session.stop();
    });

    test('that does not know the model is INVALID_ARGUMENT', async () => {
      const place = await world({ rules: [{ reply: { text: 'Never asked.' } }] });
      const launch = await launchIn(place, { target: { runtime: 'pi', model: 'zzz/none' } });
      await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });
  },
);
