import type { AgentRuntimeError } from '@runtime/contracts';
import type { DirectoryFacts, FileSystemFacts, PiFacts, PlacementFacts } from './machine.ts';

/** `fail`: tasks cannot run here, or not safely. `warn`: something is missing. */
export type CheckStatus = 'ok' | 'warn' | 'fail';

/** The result of one check. */
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

/** Whether the platform supports everything. */
export function checkPlatform(platform: NodeJS.Platform): Check {
  if (platform === 'linux') return check('platform', 'ok', platform);
  if (platform === 'win32') {
    return check('platform', 'warn', platform, 'on Windows, a run cannot be reattached after its owner has died');
  }
  return check('platform', 'warn', platform, 'processes that leave their process group can be found on Linux only');
}

/** Whether stopping the service that we run in would kill the agents. */
export function checkPlacement({ survivesHost, service, wrap }: PlacementFacts): Check {
  if (service === undefined) return check('placement', 'ok', 'not inside a service; agents outlive their owner');
  if (survivesHost)
    return check('placement', 'ok', `inside ${service}; agents start with ${wrap.slice(0, 2).join(' ')}`);
  return check(
    'placement',
    'warn',
    `inside ${service}; stopping it also kills the agents`,
    `set KillMode=process for ${service}, or give it a user manager (loginctl enable-linger) so that systemd-run --user works`,
  );
}

/** Whether a program is there that some runtimes need. */
export function checkTool(name: string, version: string | undefined, why: string, platform: NodeJS.Platform): Check {
  if (version !== undefined) return check(name, 'ok', version);
  const linuxOnly = name === 'setpriv' && platform !== 'linux';
  return check(
    name,
    linuxOnly ? 'ok' : 'warn',
    linuxOnly ? 'not available on this platform' : 'not found',
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

/** Whether the data directory may be on this file system: locks and syncs of network file systems cannot be trusted. */
export function checkFileSystem(facts: FileSystemFacts | undefined, platform: NodeJS.Platform): Check {
  if (facts === undefined) return check('file system', 'warn', 'could not be checked');
  if (platform !== 'linux') return check('file system', 'ok', 'the type is not checked on this platform');
  const type = facts.type >>> 0;
  const network = networkTypes.get(type);
  if (network !== undefined) {
    return check(
      'file system',
      'fail',
      network,
      'its locks cannot be trusted: choose a local directory with --data-dir',
    );
  }
  if (type === tmpfs) return check('file system', 'warn', 'tmpfs', 'tasks are lost at a reboot');
  if (type === fuse)
    return check('file system', 'warn', 'FUSE', 'make sure that it is local and that a sync reaches the disk');
  return check('file system', 'ok', localTypes.get(type) ?? `type 0x${type.toString(16)}`);
}

const MiB = 1024 * 1024;

/** Whether there is enough space for the log. */
export function checkFreeSpace(facts: FileSystemFacts | undefined): Check {
  if (facts === undefined) return check('free space', 'warn', 'could not be checked');
  const free = `${Math.floor(facts.freeBytes / MiB)} MiB free`;
  if (facts.freeBytes < 64 * MiB) return check('free space', 'fail', free, 'no run starts until there is more space');
  return facts.freeBytes < 1024 * MiB
    ? check('free space', 'warn', free, 'agents can fill it quickly')
    : check('free space', 'ok', free);
}

/** Whether only this user can use the data directory. */
export function checkDirectory(path: string, facts: DirectoryFacts | undefined): Check {
  if (facts === undefined) return check('data directory', 'ok', `${path} (the first task creates it)`);
  if (!facts.isDirectory)
    return check('data directory', 'fail', `${path} is not a directory`, 'choose another directory with --data-dir');
  if (facts.ownUid !== undefined && facts.uid !== facts.ownUid) {
    return check(
      'data directory',
      'fail',
      `${path} belongs to user ${facts.uid}`,
      'choose a directory of your own with --data-dir',
    );
  }
  const mode = (facts.mode & 0o777).toString(8);
  if ((facts.mode & 0o022) !== 0) {
    return check(
      'data directory',
      'fail',
      `${path} has mode ${mode}`,
      `others can write to it and so start programs as you: chmod 700 ${path}`,
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

/** Whether the path of the socket is short enough: 107 bytes on Linux, 103 elsewhere. */
export function checkSocketPath(path: string | AgentRuntimeError, platform: NodeJS.Platform): Check {
  if (typeof path !== 'string') return check('socket', 'fail', path.rawMessage, path.hint);
  const bytes = Buffer.byteLength(path);
  const max = platform === 'linux' ? 107 : 103;
  if (platform === 'win32' || bytes <= max) return check('socket', 'ok', `${path} (${bytes} bytes)`);
  return check(
    'socket',
    'fail',
    `${path} has ${bytes} bytes; at most ${max} are possible`,
    'choose a shorter path with --data-dir',
  );
}

/** Who holds the data directory: no process, one that serves its socket, or one that does not answer. */
export type LockFacts =
  | { readonly kind: 'free' }
  | { readonly kind: 'served'; readonly pid: number; readonly unfinished: number }
  | { readonly kind: 'silent'; readonly pid: number };

/** Who owns the data directory. */
export function checkLock(facts: LockFacts, starts?: string): Check {
  if (facts.kind === 'free')
    return check('owner', 'ok', `none${starts ?? '; the first command that writes starts one'}`);
  if (facts.kind === 'served')
    return check('owner', 'ok', `process ${facts.pid}, ${facts.unfinished} unfinished tasks`);
  return check(
    'owner',
    'warn',
    `owner.json names process ${facts.pid}, but its socket does not answer`,
    `it was killed, hangs, or serves no socket${starts ?? '; the next command starts an owner once the lock is free'}`,
  );
}

/** Which variables with credentials are set. Shows their names, never their values. */
export function checkCredentials(names: readonly string[], env: Readonly<Record<string, string | undefined>>): Check {
  const found = names.filter((name) => (env[name] ?? '') !== '');
  if (found.length > 0) return check('credentials', 'ok', found.join(', '));
  return check('credentials', 'warn', 'no variable of a provider is set', 'agents with a login of their own need none');
}

/** Whether Pi can read its files. Shows the names of providers, never a key. */
export function checkPi({ agentDir, faults, providers }: PiFacts): Check {
  const [first] = faults;
  if (first) {
    const detail = faults.map(({ file, why }) => `${file} ${why}`).join('; ');
    return check('pi', 'warn', detail, `Pi ignores the file without a word: correct ${first.file}, or log in again`);
  }
  const known = providers.length === 0 ? 'no provider has a stored login' : `logins of ${providers.join(', ')}`;
  return check('pi', 'ok', `${agentDir}: ${known}`);
}

/** The worst status of all checks. */
export function worst(checks: readonly Check[]): CheckStatus {
  if (checks.some(({ status }) => status === 'fail')) return 'fail';
  return checks.some(({ status }) => status === 'warn') ? 'warn' : 'ok';
}
