import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { randomBytes, randomUUID } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { Leave, type PiArguments } from './cli.ts';
import { type Json, isRecord, stringOf } from './wire.ts';

/** A line of the session file. */
type Entry = Json & { readonly type: string; readonly id: string };

/** The conversation so far and its JSONL file, which Pi makes only once there is something to keep. */
export interface Session {
  readonly id: string;
  readonly cwd: string;
  readonly file: string | undefined;
  readonly resumed: boolean;
  readonly entries: readonly Entry[];
  readonly messages: readonly Json[];
  /** Adds a message and writes it to the file once Pi would. Returns the id of the entry. */
  addMessage(message: Json): string;
  addEntry(type: string, fields: Json): Entry;
  /** Removes the last message from the context; its entry stays in the file. */
  forgetLastMessage(): void;
}

/** Resumes or begins the session that the arguments name; `isNew` ignores them. Throws `Leave` where Pi exits. */
export function openSession(args: PiArguments, isNew = false): Session {
  const folder = sessionFolder(args, process.cwd());
  if (args.noSession) return begin(args, undefined, randomUUID());
  if (isNew) return begin(args, newFile(folder, randomUUID()));
  if (args.session !== undefined) return named(args, folder, args.session);
  const { sessionId } = args;
  if (sessionId !== undefined) {
    const file = filesIn(folder).find((path) => path.endsWith(`_${sessionId}.jsonl`));
    if (file !== undefined) return resume(args, file);
    if (args.dialect.warnsOfNewSessionId) {
      process.stderr.write(
        `Warning: No project session found with id '${sessionId}'; creating a new session with that id.\n`,
      );
    }
    return begin(args, newFile(folder, sessionId), sessionId);
  }
  const last = args.continueLast ? filesIn(folder).at(-1) : undefined;
  return last === undefined ? begin(args, newFile(folder, randomUUID())) : resume(args, last);
}

function named(args: PiArguments, folder: string, name: string): Session {
  if (!name.includes('/') && !name.endsWith('.jsonl')) {
    const file = filesIn(folder).find((path) => basename(path).includes(`_${name}`));
    if (file === undefined) throw new Leave(1, `No session found matching '${name}'`);
    return resume(args, file);
  }
  const path = resolve(name);
  return existsSync(path) ? resume(args, path) : begin(args, path);
}

/** The folder that Pi uses: named after the cwd, with dashes, below the agent folder. */
function sessionFolder(args: PiArguments, cwd: string): string {
  if (args.sessionDir !== undefined) return resolve(args.sessionDir);
  const agentFolder = process.env['PI_CODING_AGENT_DIR'] ?? join(homedir(), '.pi', 'agent');
  return join(agentFolder, 'sessions', `--${cwd.replace(/^\//, '').replaceAll(/[/\\:]/g, '-')}--`);
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(folder, name));
}

function newFile(folder: string, id: string): string {
  return join(folder, `${new Date().toISOString().replaceAll(/[:.]/g, '-')}_${id}.jsonl`);
}

function begin(args: PiArguments, file: string | undefined, givenId?: string): Session {
  const id = givenId ?? /_([^_]+)\.jsonl$/.exec(file ?? '')?.[1] ?? randomUUID();
  const header = { type: 'session', version: 3, id, timestamp: new Date().toISOString(), cwd: process.cwd() };
  const session = sessionOver({ args, file, header, entries: [], resumed: false });
  const [provider, ...model] = args.model.split('/');
  session.addEntry('model_change', { provider, modelId: model.join('/') });
  session.addEntry('thinking_level_change', { thinkingLevel: 'off' });
  return session;
}

function resume(args: PiArguments, file: string): Session {
  const text = readFileSync(file, 'utf8');
  const records = text.split('\n').flatMap(parseRecord);
  const [header, ...rest] = records;
  if (header?.['type'] !== 'session') throw new Leave(1, `Session file is not a valid pi session: ${file}`);
  const cwd = stringOf(header, 'cwd') ?? process.cwd();
  if (!existsSync(cwd)) throw new Leave(1, `Stored session working directory does not exist: ${cwd}`);
  // A torn last line stays: the next entry begins on a new line.
  if (text !== '' && !text.endsWith('\n')) appendFileSync(file, '\n');
  return sessionOver({ args, file, header, entries: rest.filter(isEntry), resumed: true });
}

interface SessionParts {
  readonly args: PiArguments;
  readonly file: string | undefined;
  readonly header: Json;
  readonly entries: Entry[];
  readonly resumed: boolean;
}

function sessionOver({ args, file, header, entries, resumed }: SessionParts): Session {
  let written = resumed;
  const messageOf = (entry: Entry): Json[] => {
    const message = entry.type === 'message' ? entry['message'] : undefined;
    return isRecord(message) ? [message] : [];
  };
  const messages = entries.flatMap(messageOf);
  const worthKeeping = (): boolean =>
    messages.some(({ role }) => role === 'assistant' || (role === 'user' && args.dialect.fileAtFirstUser));
  const persist = (entry: Entry): void => {
    if (file === undefined) return;
    if (written) return appendFileSync(file, `${JSON.stringify(entry)}\n`);
    if (!worthKeeping()) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, [header, ...entries].map((record) => `${JSON.stringify(record)}\n`).join(''), { mode: 0o644 });
    written = true;
  };
  const addEntry = (type: string, fields: Json): Entry => {
    const id = randomBytes(4).toString('hex');
    const entry = { type, id, parentId: entries.at(-1)?.id ?? null, timestamp: new Date().toISOString(), ...fields };
    entries.push(entry);
    messages.push(...messageOf(entry));
    persist(entry);
    return entry;
  };
  return {
    id: stringOf(header, 'id') ?? '',
    cwd: stringOf(header, 'cwd') ?? process.cwd(),
    file,
    resumed,
    entries,
    messages,
    addEntry,
    forgetLastMessage: () => void messages.pop(),
    addMessage: (message) => addEntry('message', { message }).id,
  };
}

function parseRecord(line: string): Json[] {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? [value] : [];
  } catch {
    // Pi skips lines that it cannot parse.
    return [];
  }
}

function isEntry(record: Json): record is Entry {
  return typeof record['type'] === 'string' && typeof record['id'] === 'string';
}
