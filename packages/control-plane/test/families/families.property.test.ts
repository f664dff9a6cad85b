import type { EventFamily, EventLog, NewEvent, StoredEvent } from '@runtime/contracts/log';
import { memoryEventLog } from '@runtime/event-log';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Families } from '../../src/families/families.ts';
import { folded, outbox, queued, sent } from '../support/outbox.ts';

/** Depends on order and on the time of every event. */
const trail: EventFamily<string> = {
  name: 'trail',
  version: '1',
  schemas: {},
  streams: ['trail/'],
  initial: '',
  fold: (state, { position, type, revision, time }) => `${state} ${position}:${type}:${revision}:${time}`.slice(-500),
};
const trailAnew: EventFamily<string> = {
  ...trail,
  version: '2',
  fold: (state, event) => trail.fold(`${state}!`, event),
};
const known = [outbox, trail, trailAnew];

type Step =
  | { readonly do: 'append'; readonly stream: string; readonly events: readonly NewEvent[] }
  | { readonly do: 'core' }
  | { readonly do: 'state'; readonly which: number }
  | { readonly do: 'save' }
  | { readonly do: 'hand over'; readonly isKilled: boolean; readonly families: readonly number[] }
  | { readonly do: 'lose a snapshot'; readonly which: number };

const id = fc.constantFrom('m-1', 'm-2', 'm-3');
const which = fc.nat({ max: known.length - 1 });
const batch = fc.array(
  fc.oneof(
    id.map(sent),
    fc.tuple(id, fc.string()).map((given) => queued(...given)),
  ),
  {
    minLength: 1,
    maxLength: 4,
  },
);
const stream = fc.constantFrom('outbox/a', 'outbox/b', 'plane');
const families = fc.constantFrom([0, 1], [0, 2], [0, 1], [0], [1], []);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), stream, events: batch }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'core' }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('state' as const), which }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'save' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hand over' as const), isKilled: fc.boolean(), families }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose a snapshot' as const), which }) },
);

async function all(log: EventLog): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const batch of log.read()) events.push(...batch);
  return events;
}

/** Owners in turn, on one log. */
class Owners {
  readonly log = memoryEventLog();
  #families: readonly EventFamily[] = known.slice(0, 2);
  #owner = this.#open();

  #open(): Families {
    return new Families(this.log, this.#families, new AbortController().signal);
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'append':
        if (this.#families.includes(outbox)) await this.#owner.append(step.stream, step.events, {});
        return;
      case 'core':
        await this.log.append('task/task-1', [{ type: 'task.ended' }], { ack: 'written' });
        return;
      case 'state':
        return this.check(step.which);
      case 'save':
        return this.#owner.save();
      case 'hand over':
        if (!step.isKilled) await this.#owner.saveAtClose(2);
        this.#families = step.families.map((at) => known[at] ?? outbox);
        this.#owner = this.#open();
        return;
      case 'lose a snapshot':
        // As one that is damaged: another version is not returned.
        await this.log.writeSnapshot(`family-${known[step.which]?.name}`, { version: '?', position: 0, state: '' });
    }
  }

  async check(which: number): Promise<void> {
    const family = known[which] ?? outbox;
    if (!this.#families.includes(family)) return;
    expect(await this.#owner.state<unknown>(family)).toEqual(folded<unknown>(family, await all(this.log)));
  }
}

it('the state of a family is the fold of the whole log, whoever owned it, and whatever was saved between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const owners = new Owners();
      for (const each of steps) await owners.take(each);
      for (const at of known.keys()) await owners.check(at);
      for (const families of [
        [0, 1],
        [0, 2],
      ]) {
        await owners.take({ do: 'hand over', isKilled: false, families });
        for (const at of known.keys()) await owners.check(at);
      }
    }),
    { numRuns: 300 },
  );
});

it('a state that is asked for while others append is that of a moment after the call', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(id, { minLength: 1, maxLength: 4 }), { maxLength: 15 }), async (batches) => {
      const log = memoryEventLog();
      const families = new Families(log, [trail, outbox], new AbortController().signal);
      const asked: Promise<readonly [number, string]>[] = [];
      const ask = async (): Promise<void> => {
        const acknowledged = log.head;
        asked.push(families.state(trail).then((state) => [acknowledged, state]));
      };
      await Promise.all(
        batches.map(async (ids) => {
          await Promise.all([families.append('outbox/a', ids.map(sent), {}), ask()]);
          await Promise.all([ask(), ask(), families.save()]);
        }),
      );
      const events = await all(log);
      for (const [acknowledged, state] of await Promise.all(asked)) {
        const later = events.slice(acknowledged).map((_, at) => folded(trail, events.slice(0, acknowledged + at + 1)));
        expect([folded(trail, events.slice(0, acknowledged)), ...later]).toContain(state);
      }
    }),
    { numRuns: 100 },
  );
});
