import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { parseJsonLine } from '@runtime/adapter-kit/source';
import { systemCode } from '@runtime/contracts';
import { z } from 'zod';

/** A file of Pi's agent directory that Pi cannot use. It never says what stands in the file. */
export interface PiFileFault {
  readonly file: string;
  readonly name: string;
  /** Such as "is not JSON". */
  readonly why: string;
}

/** What is known of Pi's agent directory without running Pi. */
export interface PiFiles {
  readonly agentDir: string;
  readonly faults: readonly PiFileFault[];
  /** Names of the providers for which a login or a key is stored; never its value. */
  readonly providers: readonly string[];
}

/** Far above real files. */
const maxBytes = 4 * 1024 * 1024;
/** No name that is shown is longer. */
const maxNameChars = 100;
const maxProviders = 100;

const text = z.string().optional();
const authSchema = z.record(z.string(), z.looseObject({ type: z.string() }));
const modelsSchema = z.looseObject({
  providers: z.record(
    z.string(),
    z.looseObject({
      baseUrl: text,
      api: text,
      apiKey: text,
      models: z.array(z.looseObject({ id: z.string() })).optional(),
    }),
  ),
});
const settingsSchema = z.looseObject({});

/** The directory with Pi's settings, models and login, in this environment. */
export const agentDirOf = (env: Readonly<Record<string, string | undefined>>): string =>
  env['PI_CODING_AGENT_DIR'] ?? path.join(env['HOME'] ?? '/', '.pi', 'agent');

/** Looks at the files that decide which models Pi has. Changes nothing, and never throws. */
export async function readPiFiles(env: Readonly<Record<string, string | undefined>>): Promise<PiFiles> {
  const agentDir = agentDirOf(env);
  const auth = await readJson(agentDir, 'auth.json', authSchema);
  const models = await readJson(agentDir, 'models.json', modelsSchema);
  const settings = await readJson(agentDir, 'settings.json', settingsSchema);
  const keyed = Object.entries(models.value?.providers ?? {}).filter(([, { apiKey }]) => apiKey !== undefined);
  const names = new Set([...Object.keys(auth.value ?? {}), ...keyed.map(([name]) => name)]);
  return {
    agentDir,
    faults: [auth, models, settings].flatMap(({ fault }) => (fault ? [fault] : [])),
    providers: [...names].slice(0, maxProviders).map((name) => name.slice(0, maxNameChars)),
  };
}

interface FileRead<T> {
  readonly value?: T;
  readonly fault?: PiFileFault;
}

async function readJson<T>(agentDir: string, name: string, schema: z.ZodType<T>): Promise<FileRead<T>> {
  const file = path.join(agentDir, name);
  const fault = (why: string) => ({ fault: { file, name, why } });
  const read = await contentOf(file);
  if (typeof read !== 'object') return read === 'missing' ? {} : fault(read);
  const parsed = parseJsonLine(name === 'models.json' ? withoutComments(read) : withoutMark(read));
  // The words of the parser and of the schema quote the file, and with it perhaps a key.
  if (!parsed.ok) return fault(`is ${parsed.reason}`);
  const fits = schema.safeParse(parsed.value);
  if (fits.success) return { value: fits.data };
  const at = fits.error.issues[0]?.path.length ?? 0;
  return fault(at === 0 ? 'holds no JSON object' : 'is not of the form that Pi expects');
}

/** Through a symbolic link too: people link what they configure. A text says why there is no content. */
export async function contentOf(file: string): Promise<Buffer | string> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const facts = await handle.stat();
      if (!facts.isFile()) return 'is no regular file';
      if (facts.size > maxBytes) return 'is too large';
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : `cannot be read (${code ?? 'unknown error'})`;
  }
}

const withoutMark = (bytes: Buffer): Buffer =>
  bytes.subarray(0, 3).toString('latin1') === '\u00ef\u00bb\u00bf' ? bytes.subarray(3) : bytes;

/** In models.json Pi accepts comments, and commas before a closing bracket. */
function withoutComments(bytes: Buffer): Buffer {
  const outside = (text: string, what: RegExp): string =>
    text.replace(what, (found) => (found.startsWith('"') ? found : ''));
  const text = outside(withoutMark(bytes).toString('utf8'), /"(?:\\.|[^"\\])*"|\/\/[^\n]*/g);
  return Buffer.from(outside(text, /"(?:\\.|[^"\\])*"|,(?=\s*[}\]])/g));
}
