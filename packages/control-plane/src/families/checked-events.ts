import { AgentRuntimeError, jsonDepthExceeds } from '@runtime/contracts';
import {
  maxAppendEvents,
  maxFamilyEventBytes,
  maxFamilyEventDepth,
  type EventFamily,
  type NewEvent,
} from '@runtime/contracts/log';
import type { z } from 'zod';
import { parseWith } from '../client/parse.ts';
import { isCoreType } from './checked-families.ts';

/**
 * What is appended of events that a family's user gave, each as its schema returns it. Throws INVALID_ARGUMENT where one
 * is of no family, or may not be appended to this stream, or does not fit.
 */
export function checkedEvents(
  families: readonly EventFamily[],
  stream: string,
  events: readonly NewEvent[],
): readonly NewEvent[] {
  if (!Array.isArray(events) || events.length > maxAppendEvents)
    throw invalid(`an append takes 1 to ${maxAppendEvents} events`, 'split it into several appends');
  return events.map((event) => checkedEvent(families, stream, event));
}

function checkedEvent(families: readonly EventFamily[], stream: string, event: NewEvent): NewEvent {
  const { type }: { readonly type?: unknown } = event ?? {};
  if (typeof type !== 'string') throw invalid('an event must be an object with a type', 'give it a `type`');
  const family = families.find(({ schemas }) => Object.hasOwn(schemas, type));
  const schema = family?.schemas[type];
  if (!family || !schema) throw unknownType(type);
  if (!mayWrite(family, stream)) throw foreignStream(family, stream);
  refuseLarge(event);
  return parsed(schema, event);
}

const mayWrite = ({ streams }: EventFamily, stream: unknown): boolean =>
  typeof stream === 'string' &&
  streams.some((each) => (each.endsWith('/') ? stream.startsWith(each) && stream !== each : stream === each));

/** Before a schema looks at it. */
function refuseLarge(event: NewEvent): void {
  const text = JSON.stringify(event);
  if (Buffer.byteLength(text) > maxFamilyEventBytes)
    throw invalid(
      `${event.type}: the event has more than ${maxFamilyEventBytes} bytes as JSON`,
      'refer to large content',
    );
  // The event itself is a level.
  if (jsonDepthExceeds(text, maxFamilyEventDepth + 1))
    throw invalid(
      `${event.type}: the event nests deeper than ${maxFamilyEventDepth} levels`,
      'put deep content into a text',
    );
}

function parsed(schema: z.ZodType, event: NewEvent): NewEvent {
  let made: unknown;
  try {
    made = parseWith(schema, event, event.type);
  } catch (thrown) {
    if (AgentRuntimeError.isInstance(thrown)) throw thrown;
    throw invalid(`${event.type}: its schema threw`, 'a schema of events neither throws nor waits', thrown);
  }
  if (isEvent(made) && made.type === event.type) return made;
  throw invalid(`${event.type}: its schema does not keep the type`, `declare it: type: z.literal('${event.type}')`);
}

const isEvent = (value: unknown): value is NewEvent =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const unknownType = (type: string): AgentRuntimeError =>
  isCoreType(type)
    ? invalid(`${type} is an event of the plane itself`, 'append events of a family under types of its own')
    : invalid(
        `no family of this plane has events of type ${JSON.stringify(type.slice(0, 80))}`,
        'name their family where the plane is opened: openControlPlane({ families })',
      );

const foreignStream = ({ name, streams }: EventFamily, stream: unknown): AgentRuntimeError =>
  invalid(
    `the family ${name} may not write the stream ${JSON.stringify(String(stream).slice(0, 80))}`,
    `it writes ${streams.map((each) => (each.endsWith('/') ? `${each}…` : each)).join(', ')}`,
  );

function invalid(message: string, hint: string, cause?: unknown): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', message, { hint, ...(cause === undefined ? {} : { cause }) });
}
