import { describe, expect, test } from 'vitest';
import { toolDialogTitle } from '../../src/extension/approval-extension.ts';
import { answerOf, approvalOf, dialogOf } from '../../src/translate/dialogs.ts';
import { readRecord, type PiRecordOf } from '../../src/wire.ts';

const request = (fields: object): PiRecordOf<'extension_ui_request'> => {
  const found = readRecord({ type: 'extension_ui_request', id: 'd-1', ...fields });
  if (found.type !== 'extension_ui_request') throw new Error('no request');
  return found;
};

describe('a dialog', () => {
  test("of the adapter's extension is an approval of kind tool, with its call", () => {
    const message = JSON.stringify({ tool: 'bash', callId: 'call-1', input: '{"command":"ls"}' });
    const asked = request({ method: 'confirm', title: toolDialogTitle, message });
    const dialog = dialogOf(asked);
    expect(dialog && approvalOf(asked, dialog)).toMatchObject({
      kind: 'tool',
      callId: 'call-1',
      title: 'Allow the tool bash?',
      message: '{"command":"ls"}',
    });
  });

  test('that only looks like one of the adapter is an approval of kind dialog', () => {
    for (const message of ['no json', '[]', '{"tool":1}', undefined]) {
      const asked = request({
        method: 'confirm',
        title: toolDialogTitle,
        ...(message === undefined ? {} : { message }),
      });
      const dialog = dialogOf(asked);
      expect(dialog && approvalOf(asked, dialog)).toMatchObject({ kind: 'dialog' });
    }
  });

  test('is answered with what was offered, and with nothing else', () => {
    const select = dialogOf(request({ method: 'select', title: 'Which?', options: ['a', 'b'] }));
    const confirm = dialogOf(request({ method: 'confirm', title: 'Well?' }));
    const input = dialogOf(request({ method: 'input', title: 'Name?' }));
    if (!select || !confirm || !input) throw new Error('no dialog');
    expect(answerOf(select, { choice: '2' })).toMatchObject({ id: 'd-1', value: 'b' });
    expect(answerOf(select, { value: 'a' })).toMatchObject({ value: 'a' });
    expect(answerOf(confirm, { choice: 'deny' })).toMatchObject({ confirmed: false });
    expect(answerOf(input, { value: 'x' })).toMatchObject({ value: 'x' });
    for (const dialog of [select, confirm, input])
      expect(answerOf(dialog, 'cancelled')).toMatchObject({ cancelled: true });
    expect(() => answerOf(select, { choice: '3' })).toThrow(/not offered/);
    expect(() => answerOf(select, { value: 'c' })).toThrow(/not offered/);
    expect(() => answerOf(confirm, { choice: 'maybe' })).toThrow(/not offered/);
  });
});
