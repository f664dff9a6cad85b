import { describe, expect, test } from 'vitest';
import { Stage } from '../support/stage.ts';

describe('an instruction', () => {
  test('that has expired is refused before a byte leaves', async () => {
    await using stage = await Stage.start({});
    const late = { id: 'late', mode: 'prompt' as const, parts: [{ type: 'text' as const, text: 'x' }], expiresAt: 1 };
    await expect(stage.session.send(late)).rejects.toMatchObject({ code: 'CONFLICT' });
    await stage.say('Go.');
    await stage.until('turn.ended');
    expect(JSON.stringify(await stage.records())).not.toContain('"late"');
  });

  test('is sent once, however often the plane asks for it', async () => {
    await using stage = await Stage.start({});
    const instruction = await stage.say('Go.');
    await Promise.all([stage.session.send(instruction), stage.session.send(instruction)]);
    await stage.until('turn.ended');
    await stage.session.send(instruction);
    expect(stage.levels(instruction)).toEqual(['accepted', 'delivered', 'observed']);
    expect(stage.text()).toContain('(user message 1)');
  });

  test('whose call is aborted while it waits for its turn is not sent', async () => {
    await using stage = await Stage.start({
      rules: [{ steps: [{ tool: { name: 'bash', dialog: { method: 'confirm', title: 'Well?' } } }] }],
    });
    const give = new AbortController();
    const first = stage.say('First.');
    const second = stage.session.send(
      { id: 'second', mode: 'steer', parts: [{ type: 'text', text: 'Second.' }] },
      { signal: give.signal },
    );
    give.abort();
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
    await first;
    const { approvalId } = await stage.until('approval.requested');
    await stage.session.answer(approvalId, { choice: 'allow' });
    await stage.until('turn.ended');
    expect(JSON.stringify(await stage.records())).not.toContain('Second.');
  });
});
