import { taskEventSchemas } from '@runtime/contracts';
import type { StoredEvent } from '@runtime/contracts/log';
import { expect } from 'vitest';

/** What must hold of every task's stream, however often its plane or its agent died. */
export function expectSoundStream(events: readonly StoredEvent[]): void {
  expect(events[0]?.type).toBe('task.submitted');
  expect(events.filter(({ type }) => type === 'task.ended')).toHaveLength(1);
  expect(events.at(-1)?.type).toBe('task.ended');
  expect(events.map(({ revision }) => revision)).toEqual(events.map((_event, index) => index + 1));
  expectSoundRuns(events);
  const texts = new Map<string, string>();
  for (const event of events) {
    expect(taskEventSchemas[event.type]?.safeParse(event).error, `${event.type} fits its schema`).toBeUndefined();
    const message = `${String(event['runId'])} ${String(event['messageId'])}`;
    if (event.type === 'text.delta') texts.set(message, (texts.get(message) ?? '') + String(event['text']));
    if (event.type === 'message.completed')
      expect(texts.get(message) ?? '', 'the deltas are the message').toBe(event['text']);
  }
}

/** Each run starts once, ends once, and has one end for each of its turns. */
function expectSoundRuns(events: readonly StoredEvent[]): void {
  const of = (type: string, runId: unknown): number =>
    events.filter((event) => event.type === type && event['runId'] === runId).length;
  for (const { runId } of events.filter(({ type }) => type === 'run.starting')) {
    expect(of('run.starting', runId)).toBe(1);
    expect(of('run.started', runId)).toBeLessThanOrEqual(1);
    expect(of('run.ended', runId)).toBe(1);
    expect(of('turn.ended', runId)).toBe(of('turn.started', runId));
  }
}
