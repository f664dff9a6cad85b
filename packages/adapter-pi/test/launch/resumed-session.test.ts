import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeHandle } from '@runtime/conformance/adapter';
import { expect, test } from 'vitest';
import { Stage } from '../support/stage.ts';

test('a session of another workspace is not resumed, because Pi would work there', async () => {
  await using stage = await Stage.start({});
  await stage.say('Go.');
  await stage.until('turn.ended');
  await stage.session.stop();
  const { agentSessionId = '' } = stage.session;
  const workspace = join(stage.dir, 'elsewhere');
  await mkdir(workspace);
  const handle = { ...(await makeHandle(stage.dir)), runtime: 'pi' };
  const launch = { ...stage.launch, handle, workspace, resume: { agentSessionId, runDir: stage.runDir } };
  await expect(stage.adapter.start(launch)).rejects.toMatchObject({ details: { reason: 'other-workspace' } });
});

test('a session whose process is still running is not resumed, because Pi does not lock it', async () => {
  await using stage = await Stage.start({});
  await stage.say('Go.');
  await stage.until('turn.ended');
  const handle = { ...(await makeHandle(stage.dir)), runtime: 'pi' };
  const resume = { agentSessionId: stage.session.agentSessionId ?? '', runDir: stage.runDir };
  await expect(stage.adapter.start({ ...stage.launch, handle, resume })).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a session is found although bytes of others stick to the record that names its file', async () => {
  const spoil = [{ record: 'response', before: '\x1b]0;started\x07', behind: 'garbage' }];
  await using stage = await Stage.start({ spoil });
  await stage.say('Go.');
  await stage.until('turn.ended');
  await stage.session.stop();
  const { agentSessionId = '' } = stage.session;
  const handle = { ...(await makeHandle(stage.dir)), runtime: 'pi' };
  const resume = { agentSessionId, runDir: stage.runDir };
  const resumed = await stage.adapter.start({ ...stage.launch, handle, resume });
  expect(resumed.agentSessionId).toBe(agentSessionId);
  await resumed.stop();
  await resumed[Symbol.asyncDispose]();
});
