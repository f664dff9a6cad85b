import type { AgentRuntimeError } from '@runtime/contracts';
import type { DirectoryFacts, FileSystemFacts, PlacementFacts } from './machine.ts';

/** `fail`: tasks cannot run here, or not safely. `warn`: something will be missing. */
export type CheckStatus = 'ok' | 'warn' | 'fail';

export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  readonly detail: string;
  /** What a person can do. */
  readonly hint?: string;
}

const check = (name: string, status: CheckStatus, detail: string, hint?: string): Check => ({
  name,
  status,
  detail,
  ...(hint === undefined ? {} : { hint }),
});

const minNode = [22, 19] as const;

/** Whether this Node is new enough. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const enough = major > minNode[0] || (major === minNode[0] && minor >= minNode[1]);
  return enough
    ? check('node', 'ok', version)
    : check('node', 'fail', version, `Node ${minNode.join('.')} or later is needed`);
}

/** What the platform lets us promise. */
export function checkPlatform(platform: NodeJS.Platform): Check {
  if (platform === 'linux') return check('platform', 'ok', platform);
  if (platform === 'win32') {
    return check(
      'platform',
      'warn',
      platform,
      'runs cannot be picked up again after the death of their owner on Windows',
    );
  }
  return check('platform', 'warn', platform, 'processes that leave their group cannot be found here; Linux finds them');
}

/** Whether stopping our service would stop the agents with it. */
export function checkPlacement({ survivesHost, service, wrap }: PlacementFacts): Check {
  if (service === undefined) return check('placement', 'ok', 'not inside a service: agents outlive their owner');
  if (survivesHost)
    return check('placement', 'ok', `inside ${service}; agents start with ${wrap.slice(0, 2).join(' ')}`);
  return check(
    'placement',
    'warn',
    `inside ${service}, whose stop kills the agents with us`,
    `set KillMode=process for ${service}, or give it a user manager (loginctl enable-linger) so that systemd-run --user works`,
  );
}

/** One of the programs that some runtimes need. */
export function checkTool(name: string, version: string | undefined, why: string, platform: NodeJS.Platform): Check {
  if (version !== undefined) return check(name, 'ok', version);
  const linuxOnly = name === 'setpriv' && platform !== 'linux';
  return check(
    name,
    linuxOnly ? 'ok' : 'warn',
    linuxOnly ? 'not of this platform' : 'not found',
    linuxOnly ? undefined : why,
  );
}

const networkTypes: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x0bd00bd0, 'Lustre'],
]);
const localTypes: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'XFS'],
  [0x9123683e, 'Btrfs'],
  [0x2fc12fc1, 'ZFS'],
  [0xf2f52010, 'F2FS'],
  [0x794c7630, 'overlay'],
]);
const tmpfs = 0x01021994;
const fuse = 0x65735546;

/** Whether the data directory may lie on this file system: locks and syncs of network file systems cannot be trusted. */
export function checkFileSystem(facts: FileSystemFacts | undefined, platform: NodeJS.Platform): Check {
  if (facts === undefined) return check('file system', 'warn', 'could not be looked at');
  if (platform !== 'linux') return check('file system', 'ok', 'its type is not checked on this platform');
  const type = facts.type >>> 0;
  const network = networkTypes.get(type);
  if (network !== undefined) {
    return check(
      'file system',
      'fail',
      network,
      'its locks are not to be trusted: choose a local directory with --data-dir',
    );
  }
  if (type === tmpfs) return check('file system', 'warn', 'tmpfs', 'tasks are gone after a reboot');
  if (type === fuse)
    return check('file system', 'warn', 'FUSE', 'make sure that it is local and that its syncs are real');
  return check('file system', 'ok', localTypes.get(type) ?? `type 0x${type.toString(16)}`);
}

const MiB = 1024 * 1024;

/** Whether there is room for the log. */
export function checkFreeSpace(facts: FileSystemFacts | undefined): Check {
  if (facts === undefined) return check('free space', 'warn', 'could not be looked at');
  const free = `${Math.floor(facts.freeBytes / MiB)} MiB free`;
  if (facts.freeBytes < 64 * MiB) return check('free space', 'fail', free, 'no run starts before there is room');
  return facts.freeBytes < 1024 * MiB
    ? check('free space', 'warn', free, 'agents can write a lot')
    : check('free space', 'ok', free);
}

/** Whether the data directory is ours alone. */
export function checkDirectory(path: string, facts: DirectoryFacts | undefined): Check {
  if (facts === undefined) return check('data directory', 'ok', `${path} (made by the first task)`);
  if (!facts.isDirectory)
    return check('data directory', 'fail', `${path} is not a directory`, 'choose another with --data-dir');
  if (facts.ownUid !== undefined && facts.uid !== facts.ownUid) {
    return check(
      'data directory',
      'fail',
      `${path} belongs to user ${facts.uid}`,
      'choose one of your own with --data-dir',
    );
  }
  const mode = (facts.mode & 0o777).toString(8);
  if ((facts.mode & 0o002) !== 0) {
    return check(
      'data directory',
      'fail',
      `${path} has mode ${mode}`,
      `others can write tasks of their own into it: chmod 700 ${path}`,
    );
  }
  if ((facts.mode & 0o077) !== 0) {
    return check(
      'data directory',
      'warn',
      `${path} has mode ${mode}`,
      `others can read prompts and output: chmod 700 ${path}`,
    );
  }
  return check('data directory', 'ok', path);
}

/** A socket's path ends at 107 bytes on Linux, 103 elsewhere. */
export function checkSocketPath(path: string | AgentRuntimeError, platform: NodeJS.Platform): Check {
  if (typeof path !== 'string') return check('socket', 'fail', path.rawMessage, path.hint);
  const bytes = Buffer.byteLength(path);
  const max = platform === 'linux' ? 107 : 103;
  if (platform === 'win32' || bytes <= max) return check('socket', 'ok', `${path} (${bytes} bytes)`);
  return check(
    'socket',
    'fail',
    `${path} has ${bytes} bytes, ${max} are possible`,
    'set XDG_RUNTIME_DIR to a shorter path',
  );
}

export type LockFacts =
  | { readonly kind: 'free' }
  | { readonly kind: 'served'; readonly pid: number; readonly unfinished: number }
  | { readonly kind: 'silent'; readonly pid: number };

/** Who owns the data directory. */
export function checkLock(facts: LockFacts): Check {
  if (facts.kind === 'free') return check('owner', 'ok', 'none; the first command that writes starts one');
  if (facts.kind === 'served')
    return check('owner', 'ok', `process ${facts.pid}, ${facts.unfinished} unfinished tasks`);
  return check(
    'owner',
    'warn',
    `process ${facts.pid} is named in owner.json, and its socket does not answer`,
    'it was killed, hangs, or serves no socket; once the lock is free the next command takes its place',
  );
}

/** Which credentials there are. Their names, never their values. */
export function checkCredentials(names: readonly string[], env: Readonly<Record<string, string | undefined>>): Check {
  const found = names.filter((name) => (env[name] ?? '') !== '');
  if (found.length > 0) return check('credentials', 'ok', found.join(', '));
  return check(
    'credentials',
    'warn',
    'no provider variable is set',
    'agents that are logged in by themselves need none',
  );
}

/** The worst of all. */
export function worst(checks: readonly Check[]): CheckStatus {
  if (checks.some(({ status }) => status === 'fail')) return 'fail';
  return checks.some(({ status }) => status === 'warn') ? 'warn' : 'ok';
}
