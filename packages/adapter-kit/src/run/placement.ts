import { access, readFile } from 'node:fs/promises';
import { resolveCommand } from './resolve-command.ts';

/** What `placement` must know about the machine. */
export interface PlacementFacts {
  /** systemd runs here and `systemd-run` is installed. */
  readonly hasSystemdRun: boolean;
  /** The user's own service manager can be reached (its bus is in `XDG_RUNTIME_DIR`). */
  readonly hasUserManager: boolean;
  readonly uid: number;
}

/** Where holders go, so that stopping our own service does not stop them. */
export interface Placement {
  /** False when we run as a service and cannot leave its cgroup: its manager will kill holders with us. */
  readonly survivesHost: boolean;
  /** Put before the holder's own command; empty where nothing is needed or nothing can be done. */
  readonly wrap: readonly string[];
  /** The service whose cgroup we are in, for messages. */
  readonly service?: string;
}

/**
 * Reads `/proc/self/cgroup` (v2, v1 and hybrid). systemd stops a service by killing its whole cgroup, `setsid` or not,
 * so in a service's cgroup holders are started in a scope of their own. Session scopes, containers and `user@` managers
 * need nothing.
 */
export function placement(cgroupText: string, facts: PlacementFacts): Placement {
  const segments = systemdPath(cgroupText).split('/');
  const service = segments.findLast((name) => name.endsWith('.service') && !/^user@\d+\.service$/.test(name));
  if (service === undefined) return { survivesHost: true, wrap: [] };
  const ofUser = segments.some((name) => /^user@\d+\.service$/.test(name));
  const scope = ['--scope', '--collect', '--quiet', '--'];
  if (facts.hasSystemdRun && !ofUser && facts.uid === 0) {
    return { survivesHost: true, wrap: ['systemd-run', ...scope], service };
  }
  if (facts.hasSystemdRun && facts.hasUserManager) {
    return { survivesHost: true, wrap: ['systemd-run', '--user', ...scope], service };
  }
  return { survivesHost: false, wrap: [], service };
}

/** The path in systemd's own hierarchy: `name=systemd` where there is one (v1, hybrid), else the unified one. */
function systemdPath(cgroupText: string): string {
  let unified = '';
  for (const line of cgroupText.split('\n')) {
    const [, controllers, file] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === 'name=systemd' && file !== undefined) return file;
    if (controllers === '') unified = file ?? '';
  }
  return unified;
}

/**
 * `placement` for this process, now. `env` is the environment in which holders will start: `systemd-run --user` finds
 * its bus there.
 */
export async function currentPlacement(env: Readonly<Record<string, string | undefined>>): Promise<Placement> {
  if (process.platform !== 'linux') return { survivesHost: true, wrap: [] };
  const cgroupText = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  const facts: PlacementFacts = {
    hasSystemdRun: (await there('/run/systemd/system')) && (await onPath(env['PATH'])),
    hasUserManager: env['XDG_RUNTIME_DIR'] !== undefined && (await there(`${env['XDG_RUNTIME_DIR']}/bus`)),
    uid: process.getuid?.() ?? -1,
  };
  return placement(cgroupText, facts);
}

const there = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
const onPath = (searchPath: string | undefined): Promise<boolean> =>
  resolveCommand('systemd-run', searchPath, '/').then(
    () => true,
    () => false,
  );
