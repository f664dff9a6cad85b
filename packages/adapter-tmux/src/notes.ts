import { constants } from 'node:fs';
import { open, utimes } from 'node:fs/promises';
import { readTail } from '@runtime/adapter-kit/run';
import { sessionEventSchemas, type SessionEvent } from '@runtime/contracts/adapter';
import { z } from 'zod';
import { tmuxRunFiles } from './run-files.ts';

/**
 * A line of notes.jsonl: facts that the recording of the terminal does not hold. Replayed like any other source.
 * `typing` is written before the first byte of an instruction goes to the terminal.
 */
const noteSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('typing'), instructionId: z.string() }),
  /** All of it was typed, and Enter after it: with the first instruction the turn begins. */
  z.object({ kind: z.literal('typed'), instructionId: z.string() }),
  /** Nothing of it was typed after all. */
  z.object({ kind: z.literal('untyped'), instructionId: z.string() }),
  z.object({
    kind: z.literal('event'),
    event: z.discriminatedUnion('type', [
      sessionEventSchemas['instruction.accepted'],
      sessionEventSchemas['instruction.declined'],
      sessionEventSchemas['instruction.unknown'],
      sessionEventSchemas['output.gap'],
    ]),
  }),
]);
export type Note = z.infer<typeof noteSchema>;

/** Far more than the notes of all instructions that a task may have. */
const maxNotesBytes = 16 * 1024 * 1024;

/**
 * Appends a note in one write, so that a line is whole or torn at its end. A line feed comes first: it ends a line that
 * an earlier owner left torn.
 * Only the run's owner writes.
 */
export async function appendNote(runDir: string, note: Note): Promise<void> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(tmuxRunFiles(runDir).notes, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    await file.appendFile(`\n${JSON.stringify(note)}\n`);
  } finally {
    await file.close();
  }
}

export type TurnStarted = SessionEvent & { readonly type: 'turn.started' };

/** What a line means for a reader of events. `turn` is the one that begins once its instruction was typed. */
export function noteEvents(value: unknown, turn: TurnStarted): SessionEvent[] {
  const note = noteSchema.safeParse(value).data;
  const { instructionId, turnId } = turn;
  if (note?.kind === 'typed') return note.instructionId === instructionId ? [turn] : [];
  if (note?.kind !== 'event') return [];
  // Its turn is what it began: the agent that took it has it in that turn.
  const isTaken = note.event.type === 'instruction.accepted' && note.event.instructionId === instructionId;
  return isTaken ? [note.event, { type: 'instruction.delivered', instructionId, turnId }] : [note.event];
}

/** Instructions whose typing began, those that were typed, and those whose result is noted. */
export interface TypedInstructions {
  readonly typing: ReadonlySet<string>;
  readonly typed: ReadonlySet<string>;
  readonly noted: ReadonlySet<string>;
}

export async function readTyped(runDir: string): Promise<TypedInstructions> {
  const typing = new Set<string>();
  const typed = new Set<string>();
  const noted = new Set<string>();
  const text = await readTail(tmuxRunFiles(runDir).notes, maxNotesBytes);
  for (const line of text.toString().split('\n')) {
    const note = parse(line);
    if (note?.kind === 'typing') typing.add(note.instructionId);
    else if (note?.kind === 'untyped') typing.delete(note.instructionId);
    else if (note?.kind === 'typed') typed.add(note.instructionId);
    else if (note && 'instructionId' in note.event) noted.add(note.event.instructionId);
  }
  return { typing, typed, noted };
}

function parse(line: string): Note | undefined {
  try {
    return noteSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // torn by the owner's death, before anything was done about it
  }
}

/** Wakes the readers that watch the run's directory. */
export async function nudge(runDir: string): Promise<void> {
  const now = new Date();
  await utimes(tmuxRunFiles(runDir).notes, now, now).catch(() => {}); // they look again by themselves, only later
}
