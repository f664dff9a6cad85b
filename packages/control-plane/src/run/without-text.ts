import type { RunOutcome } from '@runtime/contracts';
import type { SessionEvent, SourceBatch } from '@runtime/contracts/adapter';

const leftOut = '[left out]';
const reason =
  'The values to mask in the output of this run are gone, so its text is left out; the files of the run have it';

/**
 * A source of which nothing that the agent or its backend wrote may be shown, because nobody knows what to mask in it.
 * What happened stays, with its ids and numbers; texts and names are left out, and an `output.gap` says so before the
 * first of them. One `WithoutText` is for all readings of a session.
 */
export class WithoutText {
  #isSaid = false;

  async *read(source: AsyncIterable<SourceBatch>): AsyncGenerator<SourceBatch, void, undefined> {
    for await (const batch of source) yield { ...batch, events: batch.events.flatMap((event) => this.#each(event)) };
  }

  #each(event: SessionEvent): readonly SessionEvent[] {
    const kept = bare(event);
    const events = kept ? [kept] : [];
    if (kept === event || this.#isSaid) return events;
    this.#isSaid = true;
    return [{ type: 'output.gap', source: 'text', reason }, ...events];
  }
}

/** The same event where it holds no text; undefined where it is nothing without. */
function bare(event: SessionEvent): SessionEvent | undefined {
  switch (event.type) {
    case 'session.opened':
    case 'session.closed':
    case 'instruction.accepted':
    case 'instruction.delivered':
    case 'instruction.observed':
    case 'turn.started':
    case 'approval.withdrawn':
    case 'child.ended':
    case 'usage.reported':
      return event;
    case 'instruction.declined':
    case 'instruction.unknown':
    case 'message.discarded':
    case 'output.gap':
    case 'retry.scheduled':
    case 'compaction.started':
    case 'context.compacted':
    case 'compaction.failed':
      return { ...event, reason: leftOut };
    case 'retry.ended':
      return event.reason === undefined ? event : { ...event, reason: leftOut };
    case 'turn.ended':
      return event.outcome.message === undefined ? event : { ...event, outcome: withoutMessage(event.outcome) };
    case 'message.completed': {
      const omittedChars = event.text.length + (event.omittedChars ?? 0);
      return omittedChars === 0 ? event : { ...event, text: '', omittedChars };
    }
    case 'tool.started': {
      const { type, callId } = event;
      return { type, callId, name: leftOut };
    }
    case 'tool.ended': {
      const { output, ...rest } = event;
      return output === undefined ? event : rest;
    }
    case 'approval.requested': {
      const { message, ...rest } = event;
      const choices = event.choices.map((choice) => ({ ...choice, label: leftOut }));
      return { ...rest, title: leftOut, choices, ...(message === undefined ? {} : { message: leftOut }) };
    }
    case 'child.started': {
      const { name, ...rest } = event;
      return name === undefined ? event : rest;
    }
    case 'file.written':
    case 'text.delta':
    case 'reasoning.delta':
    case 'output.delta':
    case 'tool.delta':
    case 'output.quarantined':
    case 'model.selected':
    default:
      return undefined;
  }
}

function withoutMessage(outcome: RunOutcome): RunOutcome {
  const { message: _, ...rest } = outcome;
  return rest;
}
