import { describe, expectTypeOf, it } from 'vitest';
import type {
  CallOptions,
  ControlPlane,
  CursoredEvent,
  Decision,
  ErrorCode,
  Instruction,
  InstructionLevel,
  Part,
  Receipt,
  RunOutcome,
  RuntimeReport,
  SubmitRequest,
  TaskEvent,
  TaskEventOf,
  TaskHandle,
  TaskStatus,
  TaskStreamEvent,
  TerminalStatus,
} from '../src/index.ts';
import type {
  AgentRuntime,
  Exit,
  Launch,
  Recovery,
  RuntimeAdapter,
  RuntimeHandle,
  RuntimeSession,
  SessionEvent,
  SourceBatch,
  Unavailable,
} from '../src/adapter/index.ts';
import type { AppendOptions, AppendResult, EventFamily, NewEvent, StoredEvent } from '../src/log/index.ts';

describe('the contract for adapters', () => {
  it('is four methods and a tag', () => {
    expectTypeOf<keyof RuntimeAdapter>().toEqualTypeOf<
      'specVersion' | 'id' | 'passEnvironment' | 'startupMs' | 'probe' | 'start' | 'recover' | 'reap'
    >();
    expectTypeOf<RuntimeAdapter['specVersion']>().toEqualTypeOf<'runtime/1'>();
    expectTypeOf<RuntimeAdapter['probe']>().returns.resolves.toEqualTypeOf<AgentRuntime | Unavailable>();
    expectTypeOf<RuntimeAdapter['start']>().parameter(0).toEqualTypeOf<Launch>();
    expectTypeOf<RuntimeAdapter['start']>().returns.resolves.toEqualTypeOf<RuntimeSession>();
    expectTypeOf<RuntimeAdapter['recover']>().returns.resolves.toEqualTypeOf<Recovery>();
    expectTypeOf<RuntimeAdapter['reap']>().parameter(0).toEqualTypeOf<RuntimeHandle>();
  });

  it('takes a signal in every call, last', () => {
    expectTypeOf<RuntimeSession['send']>().parameters.toEqualTypeOf<[Instruction, (CallOptions | undefined)?]>();
    expectTypeOf<RuntimeSession['answer']>().parameters.toEqualTypeOf<
      [string, Decision | 'cancelled', (CallOptions | undefined)?]
    >();
    expectTypeOf<RuntimeSession['interrupt']>().parameters.toEqualTypeOf<[(CallOptions | undefined)?]>();
    expectTypeOf<RuntimeSession['stop']>().returns.resolves.toEqualTypeOf<Exit>();
    expectTypeOf<RuntimeSession['events']>().returns.toEqualTypeOf<AsyncIterable<SourceBatch>>();
    expectTypeOf<CallOptions>().toEqualTypeOf<{ readonly signal?: AbortSignal }>();
  });

  it('is disposed without being ended', () => {
    expectTypeOf<RuntimeSession>().toExtend<AsyncDisposable>();
    expectTypeOf<ControlPlane>().toExtend<AsyncDisposable>();
    expectTypeOf<TaskHandle>().not.toExtend<AsyncDisposable>();
  });

  it('answers a recovery in five ways, with a session where there is one', () => {
    expectTypeOf<Recovery['status']>().toEqualTypeOf<'live' | 'ended' | 'dead' | 'absent' | 'unknowable'>();
    expectTypeOf<Extract<Recovery, { session: RuntimeSession }>['status']>().toEqualTypeOf<'live' | 'ended' | 'dead'>();
  });
});

describe('what a host writes', () => {
  it('needs a prompt and nothing else', () => {
    expectTypeOf<{ prompt: string }>().toExtend<SubmitRequest>();
    expectTypeOf<{ prompt: Part[] }>().toExtend<SubmitRequest>();
    expectTypeOf<{ prompt: string; runtimes: ['pi', { runtime: 'tmux' }] }>().toExtend<SubmitRequest>();
    expectTypeOf<{ workspace: string }>().not.toExtend<SubmitRequest>();
    expectTypeOf<{ prompt: string; until: 'never' }>().not.toExtend<SubmitRequest>();
  });

  it('gets handles, receipts and outcomes', () => {
    expectTypeOf<ControlPlane['submit']>().returns.resolves.toEqualTypeOf<TaskHandle>();
    expectTypeOf<ControlPlane['task']>().toEqualTypeOf<(id: string) => TaskHandle>();
    expectTypeOf<TaskHandle['outcome']>().returns.resolves.toEqualTypeOf<RunOutcome>();
    expectTypeOf<TaskHandle['steer']>().returns.resolves.toEqualTypeOf<Receipt>();
    expectTypeOf<TaskHandle['followUp']>().returns.resolves.toEqualTypeOf<Receipt>();
    expectTypeOf<Receipt['reached']>().parameter(0).toEqualTypeOf<'accepted' | 'delivered' | 'observed'>();
    expectTypeOf<Receipt['level']>().returns.resolves.toEqualTypeOf<InstructionLevel>();
  });

  it('narrows events by their type', () => {
    expectTypeOf<TaskHandle['events']>().returns.toEqualTypeOf<AsyncIterable<TaskStreamEvent>>();
    expectTypeOf<Extract<TaskStreamEvent, { type: 'text.delta' }>['text']>().toEqualTypeOf<string>();
    expectTypeOf<TaskEventOf<'text.delta'>['runId']>().toEqualTypeOf<string>();
    expectTypeOf<TaskEventOf<'task.ended'>['outcome']>().toEqualTypeOf<RunOutcome>();
    expectTypeOf<TaskStreamEvent['cursor']>().toEqualTypeOf<string>();
    expectTypeOf<CursoredEvent>().toExtend<StoredEvent>();
    expectTypeOf<TaskEvent>().toExtend<NewEvent>();
    expectTypeOf<SessionEvent>().toExtend<NewEvent>();
    // The run's id is the plane's to stamp.
    expectTypeOf<SessionEvent>().not.toHaveProperty('runId');
  });

  it('has the state of its own families, as their folds make it', () => {
    const host = async (plane: ControlPlane, counter: EventFamily<number>) => plane.state(counter);
    expectTypeOf(host).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf<EventFamily<number>>().toExtend<EventFamily>();
    expectTypeOf<ControlPlane['append']>().parameter(1).toEqualTypeOf<readonly NewEvent[]>();
    expectTypeOf<ControlPlane['append']>()
      .parameter(2)
      .toEqualTypeOf<Pick<AppendOptions, 'expected' | 'signal'> | undefined>();
    expectTypeOf<ControlPlane['append']>().returns.resolves.toEqualTypeOf<AppendResult>();
  });

  it('may listen to two things', () => {
    expectTypeOf<Parameters<ControlPlane['on']>[0]>().toEqualTypeOf<'task.ended' | 'event'>();
  });
});

describe('closed lists', () => {
  it('are these', () => {
    expectTypeOf<TerminalStatus>().toEqualTypeOf<'succeeded' | 'failed' | 'cancelled' | 'timed_out' | 'lost'>();
    expectTypeOf<TaskStatus>().toEqualTypeOf<'queued' | 'running' | 'waiting' | TerminalStatus>();
    expectTypeOf<InstructionLevel>().toEqualTypeOf<
      'queued' | 'sending' | 'accepted' | 'delivered' | 'observed' | 'declined' | 'unknown'
    >();
    expectTypeOf<ErrorCode>().toEqualTypeOf<
      | 'INVALID_ARGUMENT'
      | 'NOT_FOUND'
      | 'CONFLICT'
      | 'UNSUPPORTED'
      | 'UNAVAILABLE'
      | 'UNAUTHENTICATED'
      | 'PERMISSION_DENIED'
      | 'EXHAUSTED'
      | 'CANCELLED'
      | 'DEADLINE_EXCEEDED'
      | 'PROTOCOL_VIOLATION'
      | 'OUTCOME_UNKNOWN'
      | 'DATA_CORRUPT'
      | 'INTERNAL'
    >();
    expectTypeOf<Exit['kind']>().toEqualTypeOf<'exited' | 'signaled' | 'unknown'>();
    expectTypeOf<Part['type']>().toEqualTypeOf<'text' | 'image' | 'file'>();
  });
});

describe('unions that cannot say nonsense', () => {
  it('let a misspelt field of a narrowed event not compile', () => {
    expectTypeOf<Extract<TaskStreamEvent, { type: 'text.delta' }>>().not.toHaveProperty('txt');
    expectTypeOf<TaskStreamEvent>().toExtend<StoredEvent>();
  });

  it('name a code for every failure, and none for a success', () => {
    expectTypeOf<{ status: 'failed' }>().not.toExtend<RunOutcome>();
    expectTypeOf<{ status: 'failed'; code: 'crashed' }>().toExtend<RunOutcome>();
    expectTypeOf<Extract<RunOutcome, { status: 'succeeded' }>>().not.toHaveProperty('code');
  });

  it('make an answer a choice or a value', () => {
    expectTypeOf<object>().not.toExtend<Decision>();
    expectTypeOf<{ choice: string }>().toExtend<Decision>();
    expectTypeOf<{ value: string }>().toExtend<Decision>();
    expectTypeOf<{ choice: string; value: string }>().not.toExtend<Decision>();
  });
});

describe('arrays on the way in', () => {
  it('may be readonly', () => {
    expectTypeOf<{ prompt: readonly Part[]; runtimes: readonly ['pi', 'tmux'] }>().toExtend<SubmitRequest>();
    expectTypeOf<{
      prompt: string;
      needs: { inputs: readonly ['text'] };
      env: { pass: readonly ['A'] };
      degradeOn: readonly ['timeout'];
    }>().toExtend<SubmitRequest>();
  });
});

describe('what the plane reports of a runtime', () => {
  it('is what its probe found, with a breaker', () => {
    type Found<T> = T & { readonly breaker: 'closed' | 'open' | 'half_open' };
    expectTypeOf<Found<AgentRuntime>>().toExtend<RuntimeReport>();
    expectTypeOf<Found<Unavailable>>().toExtend<RuntimeReport>();
    expectTypeOf<keyof Extract<RuntimeReport, { status: 'available' }>>().toEqualTypeOf<keyof Found<AgentRuntime>>();
    expectTypeOf<keyof Extract<RuntimeReport, { status: 'unavailable' }>>().toEqualTypeOf<keyof Found<Unavailable>>();
  });
});
