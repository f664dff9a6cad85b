import type { Instruction } from '@runtime/contracts';
import type { SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import type { RequirementId } from '../../src/adapter/index.ts';
import type { MemoryRuntimeOptions } from '../../src/memory-runtime/index.ts';
import type { Twist } from './twisted.ts';

/** A way to break the contract, and the requirements that must find it. */
export interface Lie {
  readonly caughtBy: readonly RequirementId[];
  /** What the runtime really can do. */
  readonly truth?: MemoryRuntimeOptions['capabilities'];
  readonly twist: Twist;
}

type EventOf<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>;

/** Events of one type replaced by others, or by none. */
function replacing<T extends SessionEvent['type']>(
  type: T,
  make: (event: EventOf<T>) => readonly SessionEvent[],
): Pick<Twist, 'events'> {
  const isIt = (event: SessionEvent): event is EventOf<T> => event.type === type;
  return { events: (events) => events.flatMap((event) => (isIt(event) ? make(event) : [event])) };
}

async function* mapped(
  batches: AsyncIterable<SourceBatch>,
  map: (batch: SourceBatch, index: number) => readonly SourceBatch[],
): AsyncIterable<SourceBatch> {
  let index = 0;
  for await (const batch of batches) yield* map(batch, index++);
}

/** Sends what is left of the mode; everything else is swallowed. */
const swallowing = (mode: Instruction['mode']): Pick<Twist, 'session'> => ({
  session: ({ send }) => ({
    send: async (instruction, options) => {
      if (instruction.mode !== mode) await send(instruction, options);
    },
  }),
});

export const capabilityLies: Readonly<Record<string, Lie>> = {
  'claims to observe a steer that it only accepts': {
    caughtBy: ['send.steer', 'send.steer-recovered'],
    truth: { steer: 'accepted' },
    twist: { claims: { steer: 'observed' } },
  },
  'swallows a steer': { caughtBy: ['send.steer', 'send.steer-recovered'], twist: swallowing('steer') },
  'sends a steer twice': {
    caughtBy: ['send.steer'],
    twist: {
      session: ({ send }) => ({
        send: async (instruction, options) => {
          await send(instruction, options);
          // Under another id: a backend that knows its instructions by id takes each of them once.
          if (instruction.mode === 'steer') await send({ ...instruction, id: `${instruction.id}-again` }, options);
        },
      }),
    },
  },
  'takes a steer that it denies to take': { caughtBy: ['send.steer'], twist: { claims: { steer: 'none' } } },
  'claims follow-ups': {
    caughtBy: ['send.follow-up'],
    truth: { followUp: false },
    twist: { claims: { followUp: true } },
  },
  'denies the follow-ups it takes': { caughtBy: ['send.follow-up'], twist: { claims: { followUp: false } } },
  'swallows a follow-up': { caughtBy: ['send.follow-up', 'send.overlap'], twist: swallowing('followUp') },
  'interrupts by killing': {
    caughtBy: ['interrupt.keeps-session'],
    twist: { session: ({ stop }) => ({ interrupt: async () => void (await stop()) }) },
  },
  'claims interrupts': {
    caughtBy: ['interrupt.keeps-session', 'interrupt.empties-queue', 'interrupt.at-rest'],
    truth: { interrupt: false },
    twist: { claims: { interrupt: true } },
  },
  'forgets a resumed conversation': {
    caughtBy: ['resume.conversation'],
    twist: {
      adapter: ({ start }) => ({
        start: ({ resume: _forgotten, ...launch }, options) => start(launch, options),
      }),
    },
  },
  'denies that it resumes': { caughtBy: ['resume.conversation'], twist: { claims: { resume: 'none' } } },
  'claims a reattach': {
    caughtBy: ['recover.live', 'send.steer-recovered', 'answer.recovered'],
    twist: { adapter: () => ({ recover: async () => ({ status: 'unknowable', reason: 'who knows' }) }) },
  },
  'reattaches without saying so': { caughtBy: ['recover.live'], twist: { claims: { reattach: false } } },
  'claims approvals': {
    caughtBy: ['answer.reaches', 'answer.not-found'],
    truth: { approvals: false },
    twist: { claims: { approvals: true } },
  },
  'denies approvals and takes answers': { caughtBy: ['answer.reaches'], twist: { claims: { approvals: false } } },
  'answers into the void': {
    caughtBy: ['answer.reaches', 'answer.not-found', 'answer.recovered'],
    twist: { session: () => ({ answer: async () => {} }) },
  },
  'claims usage': { caughtBy: ['usage.reported'], twist: replacing('usage.reported', () => []) },
  'reports usage it denies': { caughtBy: ['usage.reported'], twist: { claims: { usage: false } } },
  'tells no tools': {
    caughtBy: ['events.structured'],
    twist: { events: (events) => events.filter((event) => !event.type.startsWith('tool.')) },
  },
  'tells messages it denies': { caughtBy: ['events.structured'], twist: { claims: { events: 'output' } } },
  'ignores the model': {
    caughtBy: ['models.chosen'],
    twist: {
      adapter: ({ start }) => ({
        start: ({ target: { runtime }, ...launch }, options) => start({ ...launch, target: { runtime } }, options),
      }),
    },
  },
  'takes an image that it denies to take': { caughtBy: ['send.inputs'], twist: { claims: { inputs: ['text'] } } },
  'changes its capabilities on the way': {
    caughtBy: ['session.final'],
    twist: {
      session: (honest) => {
        const capabilities = { ...honest.capabilities };
        return {
          capabilities,
          stop: (options) => {
            capabilities.usage = false;
            return honest.stop(options);
          },
        };
      },
    },
  },
};

export const eventLies: Readonly<Record<string, Lie>> = {
  'reports what is no event': {
    caughtBy: ['events.valid'],
    twist: replacing('turn.ended', (event) => [{ ...event, turnId: '' }]),
  },
  'has endless cursors': {
    caughtBy: ['events.valid'],
    twist: {
      batches: (batches) => mapped(batches, (batch) => [{ ...batch, cursor: batch.cursor.padStart(501, '0') }]),
    },
  },
  'speaks before its turn': {
    caughtBy: ['events.order'],
    twist: replacing('turn.started', (event) => [{ type: 'text.delta', messageId: 'early', text: 'early' }, event]),
  },
  'delivers before it accepts': { caughtBy: ['events.order'], twist: replacing('instruction.accepted', () => []) },
  'ends a turn twice': {
    caughtBy: ['events.order', 'events.turns'],
    twist: replacing('turn.ended', (event) => [event, event]),
  },
  'never ends a turn': { caughtBy: ['events.turns', 'stop.ends'], twist: replacing('turn.ended', () => []) },
  'ends another turn': {
    caughtBy: ['events.turns'],
    twist: replacing('turn.ended', (event) => [{ ...event, turnId: `${event.turnId}0` }]),
  },
  'ends a tool that never started': { caughtBy: ['events.order'], twist: replacing('tool.started', () => []) },
  'never ends a retry': { caughtBy: ['events.pauses'], twist: replacing('retry.ended', () => []) },
  'never ends a compaction': { caughtBy: ['events.pauses'], twist: replacing('context.compacted', () => []) },
  'ends a compaction after its turn': {
    caughtBy: ['events.pauses'],
    twist: replacing('turn.ended', (event) => [
      { type: 'compaction.started', reason: 'late' },
      event,
      { type: 'compaction.failed', reason: 'late' },
    ]),
  },
  'ends a retry that was never scheduled': {
    caughtBy: ['events.order'],
    twist: replacing('retry.scheduled', () => []),
  },
  'starts a compaction twice': {
    caughtBy: ['events.order'],
    twist: replacing('compaction.started', (event) => [event, event]),
  },
  'keeps the first instruction a secret': {
    caughtBy: ['events.evidence'],
    twist: { events: (events) => events.filter((event) => !event.type.startsWith('instruction.')) },
  },
  'completes another message': {
    caughtBy: ['events.whole-messages'],
    twist: replacing('message.completed', (event) => [{ ...event, text: `${event.text}!` }]),
  },
  'loses the beginning of a replay': {
    caughtBy: ['events.replay'],
    twist: {
      batches: (batches, after) =>
        mapped(batches, (batch, index) => (index === 0 && after !== undefined ? [] : [batch])),
    },
  },
  'replays from the beginning': {
    caughtBy: ['events.replay', 'events.aborted', 'recover.live'],
    twist: {
      session: ({ events }) => ({ events: (options) => events(options?.signal ? { signal: options.signal } : {}) }),
    },
  },
  'makes up new ids in a replay': {
    caughtBy: ['events.replay'],
    twist: replacing('text.delta', (event) => [{ ...event, messageId: `${event.messageId}-${performance.now()}` }]),
  },
  'never ends its events': {
    caughtBy: ['events.complete', 'recover.ended'],
    twist: {
      batches: async function* (batches) {
        yield* batches;
        await new Promise(() => {});
      },
    },
  },
  'says something in silence': {
    caughtBy: ['events.silence'],
    twist: replacing('turn.ended', (event) => [{ type: 'text.delta', messageId: 'm', text: 'well' }, event]),
  },
  'normalises text': {
    caughtBy: ['events.unicode'],
    twist: replacing('text.delta', (event) => [{ ...event, text: event.text.replaceAll('\u2028', '\n') }]),
  },
  'cuts text that is long': {
    caughtBy: ['events.huge'],
    twist: replacing('text.delta', (event) => [{ ...event, text: event.text.slice(0, 1000) }]),
  },
  'drops what it cannot read': { caughtBy: ['events.malformed'], twist: replacing('output.quarantined', () => []) },
  'tells a secret': {
    caughtBy: ['events.secrets'],
    twist: { adapter: ({ start }) => ({ start: (launch, options) => start({ ...launch, secrets: [] }, options) }) },
  },
};
