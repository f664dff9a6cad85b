/** The real Pi of this folder's lockfile, and a home for it in which it knows nobody but a scripted model. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where its `pi` is. It is there once `pnpm install --dir e2e/pi` was run. */
export const pinnedPiBin = fileURLToPath(new URL('../node_modules/.bin/pi', import.meta.url));

/** The model that `makePiHome` names: its requests go to the given server, and nowhere else. */
const scriptedModel = 'scripted/fake-1';

export function assertPiInstalled(): void {
  if (!existsSync(pinnedPiBin))
    throw new Error('Pi is not installed here: pnpm install --frozen-lockfile --dir e2e/pi');
}

/** What programs need of this machine's environment. Keys of providers are not among it: with one, Pi would have somebody to call. */
const harmless = [
  'PATH',
  'TMPDIR',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'TZ',
  'TERM',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
];

/** Makes a home directory whose Pi talks to the model server at `url` only, without a key. Returns the whole environment of a process that lives there. */
export async function makePiHome(home: string, url: string): Promise<Record<string, string>> {
  const agentDir = join(home, '.pi', 'agent');
  await mkdir(agentDir, { recursive: true, mode: 0o700 });
  const [provider, model] = scriptedModel.split('/');
  const models = {
    providers: {
      [provider ?? '']: {
        baseUrl: url,
        api: 'openai-completions',
        apiKey: 'none',
        models: [{ id: model, name: 'Scripted', contextWindow: 128_000, maxTokens: 8192 }],
      },
    },
  };
  const settings = { defaultProvider: provider, defaultModel: model, retry: { baseDelayMs: 200 } };
  await writeFile(join(agentDir, 'models.json'), JSON.stringify(models), { mode: 0o600 });
  await writeFile(join(agentDir, 'settings.json'), JSON.stringify(settings), { mode: 0o600 });
  const here = harmless.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] ?? '']]));
  return {
    ...Object.fromEntries(here),
    HOME: home,
    PI_CODING_AGENT_DIR: agentDir,
    PI_OFFLINE: '1',
    PI_TELEMETRY: '0',
    PI_SKIP_VERSION_CHECK: '1',
  };
}
