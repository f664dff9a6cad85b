import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskStreamEvent } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { retry } from './support/plane.ts';
import { finish, firstOf, openStage, textOf, typesOf, type Stage } from './support/stage.ts';

/** The files of Pi's user. */
const agentDir = ({ root }: Stage): string => join(root, 'home', '.pi', 'agent');

/** Adds to a JSON file of Pi's user, before Pi starts. */
async function amend(stage: Stage, name: string, change: (content: Content) => Content): Promise<void> {
  const path = join(agentDir(stage), name);
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Content)));
}
type Content = Record<string, unknown>;

const compactsEarly = (stage: Stage): Promise<void> =>
  amend(stage, 'settings.json', (settings) => ({
    ...settings,
    compaction: { keepRecentTokens: 100 },
  }));

/** What happens while the agent compacts before or after the second turn; both turns succeed. */
async function twoLongTurns(stage: Stage): Promise<readonly TaskStreamEvent[]> {
  await compactsEarly(stage);
  const plane = await stage.open();
  const task = await plane.submit({ prompt: long('One'), workspace: stage.workspace, until: 'closed' });
  await firstOf(task, 'turn.ended');
  await (await task.followUp(long('Two'))).reached('observed');
  await task.close();
  const events = await finish(stage, task);
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  return events;
}

const isOfItself = ({ type }: TaskStreamEvent): boolean => /^(retry|compaction|context)\./.test(type);
const ofItself = (events: readonly TaskStreamEvent[]) => events.filter(isOfItself);

const long = (word: string): string => `${word} ${'and so on '.repeat(100)}`;
/** As much as the model's context holds. */
const full = { promptTokens: 127_000, completionTokens: 5 };
const summary = { when: { system: 'summar' }, reply: { text: 'The summary.' } };

describe('what Pi does by itself is told by the task:', () => {
  it('retries, and that the last of them worked', async () => {
    const limited = { times: 2, fault: { type: 'http', status: 429, message: 'slow down' } } as const;
    await using stage = await openStage({ rules: [limited, { reply: { text: 'At last.' } }] });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace });
    const events = await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(ofItself(events)).toMatchObject([
      { type: 'retry.scheduled', attempt: 1, reason: expect.stringContaining('slow down') },
      { type: 'retry.scheduled', attempt: 2 },
      { type: 'retry.ended', attempt: 2, ok: true },
    ]);
  });

  it('retries, and that it gave up, before the turn has failed', async () => {
    const fault = { type: 'http', status: 500, message: 'the model is on fire' } as const;
    await using stage = await openStage({ rules: [{ fault }] });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace, retry: { ...retry, maxAttempts: 1 } });
    const events = await finish(stage, task);
    expect(await task.outcome()).toMatchObject({ status: 'failed', code: 'overloaded' });
    expect(ofItself(events).at(-1)).toMatchObject({
      type: 'retry.ended',
      attempt: 3,
      ok: false,
      reason: expect.stringContaining('on fire'),
    });
    const types = typesOf(events);
    expect(types.indexOf('retry.ended')).toBeLessThan(types.indexOf('turn.ended'));
  });

  it('a retry that an interrupt ended did not work', async () => {
    await using stage = await openStage({
      rules: [
        { times: 1, fault: { type: 'http', status: 500, message: 'on fire' } },
        { reply: { text: ['Half ', 'a ', 'word'] }, fault: { type: 'hang', afterChunks: 1 } },
      ],
    });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace });
    await firstOf(task, 'text.delta');
    await task.interrupt();
    await firstOf(task, 'turn.ended');
    await task.close();
    const events = await finish(stage, task);
    expect(ofItself(events).at(-1)).toMatchObject({ type: 'retry.ended', attempt: 1, ok: false });
  });

  it('a compaction, with the retry of its summary, and the tokens before and after', async () => {
    const onFire = { ...summary, reply: undefined, times: 1, fault: { type: 'http', status: 503 } } as const;
    await using stage = await openStage({
      rules: [onFire, summary, { reply: { text: 'Fine.', usage: full } }],
    });
    const events = await twoLongTurns(stage);
    expect(ofItself(events).slice(0, 4)).toMatchObject([
      { type: 'compaction.started', reason: 'threshold' },
      { type: 'retry.scheduled', attempt: 1 },
      { type: 'retry.ended', attempt: 1 },
      { type: 'context.compacted', reason: 'threshold', tokensBefore: 127_005, tokensAfter: expect.any(Number) },
    ]);
    expect(textOf(events)).not.toContain('summary');
  });

  it('a compaction that failed, and why; the turn has succeeded all the same', async () => {
    const fault = { type: 'http', status: 400, message: 'no summaries here' } as const;
    await using stage = await openStage({
      rules: [{ when: summary.when, fault }, { reply: { text: 'Fine.', usage: full } }],
    });
    const events = await twoLongTurns(stage);
    expect(ofItself(events).slice(0, 2)).toMatchObject([
      { type: 'compaction.started' },
      { type: 'compaction.failed', reason: expect.stringContaining('no summaries here') },
    ]);
  });

  it('the model that it uses, and the one that an extension takes instead', async () => {
    await using stage = await openStage({ rules: [{ reply: { text: 'Well.' } }] });
    await amend(stage, 'models.json', ({ providers }) => {
      const { scripted } = providers as { scripted: { models: object[] } };
      const second = { id: 'fake-2', name: 'Another', reasoning: true, contextWindow: 128_000, maxTokens: 8192 };
      return { providers: { scripted: { ...scripted, models: [...scripted.models, second] } } };
    });
    await mkdir(join(agentDir(stage), 'extensions'));
    await writeFile(
      join(agentDir(stage), 'extensions', 'swap.ts'),
      `export default function (pi) {
        pi.registerCommand('swap', {
          description: 'Takes another model',
          handler: async (_args, ctx) => {
            await pi.setModel(ctx.modelRegistry.find('scripted', 'fake-2'));
            pi.setThinkingLevel('high');
          },
        });
      }`,
    );
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Hello', workspace: stage.workspace, until: 'closed' });
    await firstOf(task, 'turn.ended');
    expect((await task.status()).model).toEqual({ provider: 'scripted', model: 'fake-1', thinking: 'off' });
    await (await task.followUp('/swap')).reached('delivered');
    await (await task.followUp('And now?')).reached('observed');
    await task.close();
    const events = await finish(stage, task);
    expect(events.filter(({ type }) => type === 'model.selected')).toMatchObject([
      { provider: 'scripted', model: 'fake-1', thinking: 'off' },
      { provider: 'scripted', model: 'fake-2', thinking: 'high' },
    ]);
    expect((await task.status()).model).toEqual({ provider: 'scripted', model: 'fake-2', thinking: 'high' });
  });
});
