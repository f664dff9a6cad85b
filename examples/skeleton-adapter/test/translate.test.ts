import { expect, test } from 'vitest';
import { endTurn, translate, type TranslatorState } from '../src/translate.ts';
import { readParrotRecord } from '../src/wire.ts';

const begin = (): TranslatorState => ({ instructionId: 'i-1', messages: 0, message: undefined });

test('what a parrot says is a message, and an answer to its instruction', () => {
  const state = begin();
  const records = ['{"type":"say","text":"Polly "}', '{"type":"say","text":"wants"}', '{"type":"end","at":"noon"}'];
  expect(records.flatMap((line) => translate(state, readParrotRecord(JSON.parse(line))))).toEqual([
    { type: 'instruction.observed', instructionId: 'i-1' },
    { type: 'text.delta', messageId: 'm1', text: 'Polly ' },
    { type: 'text.delta', messageId: 'm1', text: 'wants' },
    { type: 'message.completed', messageId: 'm1', text: 'Polly wants' },
  ]);
});

test('a record that is not known is passed over, and what an agent leaves open is closed', () => {
  const state = begin();
  expect(translate(state, readParrotRecord({ type: 'moult' }))).toEqual([]);
  translate(state, { type: 'say', text: 'half a sent' });
  expect(endTurn(state, { status: 'lost', code: 'unknown' }).map(({ type }) => type)).toEqual([
    'message.completed',
    'turn.ended',
  ]);
});
