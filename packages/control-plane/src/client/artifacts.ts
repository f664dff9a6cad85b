import type { Artifact, CallOptions, TaskEventOf, TaskStreamEvent } from '@runtime/contracts';
import type { ReadContentOptions } from '@runtime/contracts/artifacts';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts/base';
import { callOptions, readParams } from './call-params.ts';
import type { Channel } from './channel.ts';
import { eachEvent } from './each-event.ts';
import { givenOptions } from './plain-data.ts';

/** What was kept of a task, in the order of storing; of one name the last. */
export async function* artifactsOf(
  channel: Channel,
  taskId: string,
  given?: CallOptions,
): AsyncGenerator<Artifact, void, undefined> {
  const options = callOptions(givenOptions(given));
  throwIfAborted(options.signal);
  const params = { taskId, follow: false, types: ['artifact.stored'] };
  const last = new Map<string, Artifact>();
  for await (const event of eachEvent<TaskStreamEvent>(channel.stream('events', params, options))) {
    if (event.type !== 'artifact.stored') continue;
    const artifact = artifactOf(channel, taskId, event);
    last.delete(artifact.name);
    last.set(artifact.name, artifact);
  }
  // A reading ends without a throw where it is aborted, and half of a list is none.
  throwIfAborted(options.signal);
  yield* last.values();
}

type Stored = Pick<TaskEventOf<'artifact.stored'>, 'artifact' | 'origin' | 'runId'> & { readonly time: number };

/** An artifact, from what the log has of it. */
export function artifactOf(channel: Channel, taskId: string, { artifact, origin, runId, time }: Stored): Artifact {
  const content = `artifact://sha256/${artifact.sha256}`;
  return {
    ...artifact,
    taskId,
    uri: `artifact://${taskId}/${artifact.name.split('/').map(encodeURIComponent).join('/')}`,
    origin,
    ...(runId === undefined ? {} : { runId }),
    storedAt: time,
    body: (how) => readBytes(channel, content, how),
  };
}

/** The bytes that a URI names. Throws CANCELLED where `signal` aborts: what came before then is not the whole. */
export async function* readBytes(
  channel: Channel,
  uri: string,
  given?: ReadContentOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const options = givenOptions(given);
  throwIfAborted(options.signal);
  const params = { uri, ...readParams(options) };
  for await (const items of channel.stream('artifact.read', params, callOptions(options))) {
    for (const item of items) yield bytesOf(item);
  }
  throwIfAborted(options.signal);
}

function bytesOf(item: unknown): Uint8Array {
  if (typeof item === 'object' && item !== null && 'base64' in item && typeof item.base64 === 'string')
    return Buffer.from(item.base64, 'base64');
  throw new AgentRuntimeError('PROTOCOL_VIOLATION', 'a part of an artifact has no bytes', {
    hint: 'the owner may be of another version: restart it with this one',
  });
}
