import { AgentRuntimeError } from '@runtime/contracts';
import type { Exit, Recovery, RuntimeAdapter, RuntimeSession } from '@runtime/contracts/adapter';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lie } from './lies.ts';
import { memoryHarness } from './memory-harness.ts';

const done: Exit = { kind: 'exited', code: 0 };

/** A session's methods without their signals. */
const deaf = (honest: RuntimeSession): Partial<RuntimeSession> => ({
  send: (instruction) => honest.send(instruction),
  answer: (approvalId, decision) => honest.answer(approvalId, decision),
  interrupt: () => honest.interrupt(),
});

export const endingLies: Readonly<Record<string, Lie>> = {
  'has no id to speak of': {
    caughtBy: ['adapter.tagged'],
    twist: { adapter: () => ({ id: 'Not An Id' }) },
  },
  'finds no version': {
    caughtBy: ['probe.available'],
    twist: { adapter: ({ probe }) => ({ probe: async () => ({ ...(await probe()), version: '' }) }) },
  },
  'probes otherwise each time': {
    caughtBy: ['probe.repeatable'],
    twist: {
      adapter: ({ probe }) => ({ probe: async () => ({ ...(await probe()), version: `${performance.now()}` }) }),
    },
  },
  'throws for a backend that is not there': {
    caughtBy: ['probe.unavailable'],
    twist: {
      harness: {
        missing: () => ({
          specVersion: 'runtime/1',
          id: 'missing',
          probe: () => Promise.reject(new Error('ENOENT')),
          start: () => Promise.reject(new Error('ENOENT')),
          recover: () => Promise.reject(new Error('ENOENT')),
          reap: () => Promise.reject(new Error('ENOENT')),
        }),
      },
    },
  },
  'starts again': {
    caughtBy: ['start.once', 'recover.absent'],
    twist: {
      adapter: ({ start }) => ({
        start: async (launch, options) => {
          const runDir = join(launch.handle.runDir, `again-${performance.now()}`);
          await mkdir(runDir);
          return start({ ...launch, handle: { ...launch.handle, runDir } }, options);
        },
      }),
    },
  },
  'does not hear that a start is aborted': {
    caughtBy: ['start.aborted'],
    twist: { adapter: ({ start }) => ({ start: (launch) => start(launch) }) },
  },
  'throws away a start that it leaves running': {
    caughtBy: ['start.aborted-midway'],
    twist: {
      adapter: ({ start }) => ({
        start: async (launch) => {
          await start(launch);
          throw new AgentRuntimeError('CANCELLED', 'aborted');
        },
      }),
    },
  },
  'trims its prompt': {
    caughtBy: ['start.instruction'],
    twist: {
      adapter: ({ start }) => ({
        start: (launch, options) => {
          const parts = [{ type: 'text', text: 'do it' }] as const;
          return start({ ...launch, instruction: { ...launch.instruction, parts: [...parts] } }, options);
        },
      }),
      session: ({ send }) => ({
        send: (instruction, options) => send({ ...instruction, parts: [{ type: 'text', text: 'do it' }] }, options),
      }),
    },
  },
  'hands our environment on': {
    caughtBy: ['start.environment'],
    twist: {
      adapter: ({ start }) => ({
        start: (launch, options) => {
          const inherited = Object.entries(process.env).map(([name, value]) => [name, value ?? '']);
          return start({ ...launch, env: { ...Object.fromEntries(inherited), ...launch.env } }, options);
        },
      }),
    },
  },
  'takes any number of readers': {
    caughtBy: ['events.one-reader'],
    twist: {
      batches: (batches) => batches,
      session: (honest) => ({
        events: (options) => ({
          async *[Symbol.asyncIterator]() {
            try {
              yield* honest.events(options);
            } catch {
              // A second reader gets no event and no error.
            }
          },
        }),
      }),
    },
  },
  'throws when a reader leaves': {
    caughtBy: ['events.aborted'],
    twist: {
      session: (honest) => ({
        async *events(options) {
          yield* honest.events(options);
          options?.signal?.throwIfAborted();
        },
      }),
    },
  },
  'kills when a reader leaves': {
    caughtBy: ['events.aborted'],
    twist: {
      session: (honest) => ({
        async *events(options) {
          yield* honest.events(options);
          await honest.stop();
        },
      }),
    },
  },
  'begins only when somebody reads': {
    caughtBy: ['events.unread'],
    twist: {
      session: (honest) => {
        const held: Parameters<RuntimeSession['send']>[] = [];
        return {
          send: async (...sent) => void held.push(sent),
          async *events(options) {
            for (const sent of held.splice(0)) await honest.send(...sent);
            yield* honest.events(options);
          },
        };
      },
    },
  },
  'invents an exit': {
    caughtBy: ['exit.code', 'exit.signal', 'recover.dead', 'recover.ended', 'stop.grace'],
    twist: { session: ({ stop }) => ({ stop: async (options) => (await stop(options), done) }) },
  },
  'answers another exit each time': {
    caughtBy: ['stop.ends', 'trait.after-end'],
    twist: {
      session: ({ stop }) => {
        let code = 0;
        return { stop: async (options) => (await stop(options), { kind: 'exited', code: code++ }) };
      },
    },
  },
  'says that it stopped': {
    caughtBy: ['stop.ends', 'stop.grace'],
    twist: { session: () => ({ stop: async () => done }) },
  },
  'kills without asking': {
    caughtBy: ['stop.grace'],
    twist: { session: ({ stop }) => ({ stop: () => stop({ graceMs: 0 }) }) },
  },
  'leaves children behind': {
    caughtBy: ['stop.tree', 'reap.tree'],
    twist: { harness: { unplayable: {}, countProcesses: async () => 3 } },
  },
  'leaves a child that has no mark': {
    caughtBy: ['ends.env-cleared-children'],
    twist: {
      harness: {
        unplayable: {},
        make: async (context) => {
          const setup = await memoryHarness().make(context);
          const start: RuntimeAdapter['start'] = async (launch, options) => {
            const child = spawn('sleep', ['1000'], { env: {}, stdio: 'ignore' });
            await once(child, 'spawn');
            await writeFile(context.child, String(child.pid));
            return setup.adapter.start(launch, options);
          };
          return { ...setup, adapter: { ...setup.adapter, start } };
        },
      },
    },
  },
  'knows no limit': {
    caughtBy: ['output.disk-cap'],
    twist: {
      adapter: ({ start }) => ({
        start: ({ maxOutputBytes: _limit, ...launch }, options) => start(launch, options),
      }),
    },
  },
  'follows where it was told not to': {
    caughtBy: ['events.stand'],
    twist: { session: ({ events }) => ({ events: (options) => events({ ...options, follow: true }) }) },
  },
  'gives up an ending that nobody waits for': {
    caughtBy: ['stop.aborted'],
    twist: {
      session: ({ stop }) => ({
        stop: async (options) => {
          if (!options?.signal) return stop(options);
          throw new AgentRuntimeError('CANCELLED', 'not any more');
        },
      }),
    },
  },
  'kills when it is let go': {
    caughtBy: ['dispose.lets-go', 'recover.live'],
    twist: { session: ({ stop }) => ({ [Symbol.asyncDispose]: async () => void (await stop()) }) },
  },
  'takes a dead run for one that never began': {
    caughtBy: ['recover.dead', 'recover.ended'],
    twist: {
      adapter: ({ recover }) => ({
        recover: async (handle, options): Promise<Recovery> => {
          const found = await recover(handle, options);
          return found.status === 'live' ? found : { status: 'absent' };
        },
      }),
    },
  },
  'leaves the claim to whoever comes late': {
    caughtBy: ['recover.absent'],
    twist: { adapter: () => ({ recover: async () => ({ status: 'absent' }) }) },
  },
  'cannot reap what never began': {
    caughtBy: ['reap.repeatable'],
    twist: {
      adapter: ({ reap, recover }) => ({
        reap: async (handle, options) => {
          if ((await recover(handle)).status === 'absent') throw new AgentRuntimeError('NOT_FOUND', 'no such run');
          await reap(handle, options);
        },
      }),
    },
  },
  'reaps nothing': {
    caughtBy: ['reap.repeatable'],
    twist: { adapter: () => ({ reap: async () => {} }) },
  },
  'sends whatever turn is meant': {
    caughtBy: ['send.if-turn'],
    twist: {
      session: ({ send }) => ({ send: ({ ifTurn: _turn, ...instruction }, options) => send(instruction, options) }),
    },
  },
  'throws errors of its own': {
    caughtBy: ['send.if-turn', 'trait.aborted', 'trait.after-end'],
    twist: {
      session: ({ send }) => ({
        send: (...sent) => send(...sent).catch((error: unknown) => Promise.reject(new Error(String(error)))),
      }),
    },
  },
  'mixes up what is sent at the same time': {
    caughtBy: ['send.overlap'],
    twist: {
      session: ({ send }) => {
        let count = 0;
        return {
          send: async (...sent) => {
            await new Promise((resolve) => setTimeout(resolve, 50 - 10 * (count++ % 6)));
            await send(...sent);
          },
        };
      },
    },
  },
  'forgets the queue when it interrupts': {
    caughtBy: ['interrupt.empties-queue'],
    twist: {
      session: ({ send, interrupt }) => {
        const queued: Parameters<RuntimeSession['send']>[] = [];
        return {
          send: async (...sent) => {
            if (sent[0].mode === 'followUp') queued.push(sent);
            await send(...sent);
          },
          interrupt: async (options) => {
            await interrupt(options);
            for (const [instruction] of queued) await send({ ...instruction, id: `${instruction.id}-x` });
          },
        };
      },
    },
  },
  'does not hear signals': {
    caughtBy: ['trait.aborted'],
    twist: { session: deaf },
  },
};
