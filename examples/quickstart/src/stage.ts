import { access, constants, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { pi } from '@runtime/adapter-pi';
import { tmux } from '@runtime/adapter-tmux';
import { type ModelServer, startModelServer, writeFileScenario } from '@runtime/conformance/model-server';
import { modelAgent } from '@runtime/conformance/scripted-agent';
import type { ControlPlane } from '@runtime/contracts';
import { openControlPlane } from '@runtime/control-plane';
import { assertPiInstalled, makePiHome, pinnedPiBin } from '../../../e2e/pi/src/pinned-pi.ts';
import { narrate } from './narrator.ts';

export const fileName = 'hello.txt';
export const greeting = 'hello from the agent';

/** What both tasks use: one data directory, one plane, and Pi behind a link. */
export interface Stage {
  readonly live: boolean;
  readonly root: string;
  readonly dataDir: string;
  readonly plane: ControlPlane;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Pi is missing once this link is removed. */
  readonly piLink: string;
  makeWorkspace(name: string): Promise<string>;
  cancelAll(): Promise<void>;
  closePlane(): Promise<void>;
  close(options: { readonly keep: boolean }): Promise<void>;
}

export async function openStage({ live }: { readonly live: boolean }): Promise<Stage> {
  const root = await mkdtemp(join(tmpdir(), 'runtime-quickstart-'));
  const dataDir = join(root, 'data');
  const piLink = join(root, 'bin', 'pi');
  await mkdir(join(root, 'bin'));
  if (!live) assertPiInstalled();
  await symlink(live ? await piOnPath() : pinnedPiBin, piLink);
  const server = await startModelServer({
    scenario: writeFileScenario({ path: fileName, text: greeting, steps: 30, stepMs: 70 }),
  });
  introduce(live, server, dataDir);
  const environment = live ? process.env : await makePiHome(join(root, 'home'), server.url);
  const plane = await openControlPlane({
    dataDir,
    environment,
    adapters: [
      pi({ command: [piLink], offline: !live }),
      tmux({ command: modelAgent({ url: server.url }).command, prompt: 'stdin' }),
    ],
  });
  return {
    live,
    root,
    dataDir,
    plane,
    environment,
    piLink,
    makeWorkspace: async (name) => {
      const path = join(root, name);
      await mkdir(path);
      return path;
    },
    cancelAll: async () => {
      for (const { id } of await plane.tasks({ status: ['queued', 'running', 'waiting'] })) {
        await plane.task(id).cancel({ why: 'the quickstart was interrupted' });
      }
    },
    closePlane: () => plane.close(),
    close: async ({ keep }) => {
      await plane.close();
      await server.close();
      if (!keep) await rm(root, { recursive: true, force: true });
    },
  };
}

function introduce(live: boolean, server: ModelServer, dataDir: string): void {
  narrate.title('Stage');
  narrate.line(
    live
      ? 'Your own Pi with your own provider: the first task costs what your provider charges. The second is scripted and free.'
      : 'Real Pi, and a scripted model instead of a provider: no network, no key, no cost. `-- --live` uses your own.',
  );
  narrate.line(`Scripted model   ${server.url}`);
  narrate.line(`Data directory   ${dataDir}`);
}

async function piOnPath(): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, 'pi');
    if (
      await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return candidate;
  }
  throw new Error('--live needs `pi` on your PATH: npm install -g @earendil-works/pi-coding-agent');
}
