import { expect, test } from 'vitest';
import { Stage } from '../support/stage.ts';

test('a dialog takes one answer: the same again does no harm, another is a CONFLICT', async () => {
  const dialog = { method: 'confirm' as const, title: 'Well?' };
  await using stage = await Stage.start({ rules: [{ steps: [{ tool: { name: 'bash', dialog } }, { hang: true }] }] });
  await stage.say('Go.');
  const { approvalId } = await stage.until('approval.requested');
  await stage.session.answer(approvalId, { choice: 'allow' });
  await stage.session.answer(approvalId, { choice: 'allow' });
  await expect(stage.session.answer(approvalId, { choice: 'deny' })).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(stage.until('tool.ended')).resolves.toMatchObject({ ok: true });
});
