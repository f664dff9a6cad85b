import { AgentRuntimeError } from '@runtime/contracts';
import { sourceOf } from '../config/load.ts';
import { findRetention } from '../config/retention.ts';
import { connectIfOwned } from '../plane/connect.ts';
import type { CommandContext } from '../invocation/context.ts';
import { describeRetention } from '../render/retention.ts';
import { sanitizeLine } from '../sanitize.ts';
import {
  checkCredentials,
  checkDirectory,
  checkFileSystem,
  checkFreeSpace,
  checkLock,
  checkNode,
  checkPi,
  checkPlacement,
  checkPlatform,
  checkSocketPath,
  checkTool,
  type Check,
  type LockFacts,
} from './checks.ts';

/** Checks everything that tasks need. Starts and changes nothing. */
export async function examine(context: CommandContext): Promise<Check[]> {
  const { deps, dataDir, signal } = context;
  const { machine, env } = deps;
  const [fileSystem, directory, placement, tmux, bash, setpriv, socket, lock, config, retention, pi] =
    await Promise.all([
      machine.fileSystem(dataDir),
      machine.directory(dataDir),
      machine.placement(env),
      machine.firstLine('tmux', ['-V'], { signal }),
      machine.firstLine('bash', ['--version'], { signal }),
      machine.firstLine('setpriv', ['--version'], { signal }),
      deps.planes.socketPath(dataDir).catch((error: unknown) => AgentRuntimeError.from(error)),
      findOwner(context),
      checkConfig(context),
      checkRetention(context),
      machine.piFiles(env),
    ]);
  return [
    checkNode(machine.nodeVersion),
    checkPlatform(machine.platform),
    checkDirectory(dataDir, directory),
    checkFileSystem(fileSystem, machine.platform),
    checkFreeSpace(fileSystem),
    checkSocketPath(socket, machine.platform),
    // As ever where the commands start one.
    checkLock(lock, deps.startOwner ? undefined : context.starts),
    checkPlacement(placement),
    checkTool('tmux', tmux, 'needed by runtimes of the tmux adapter', machine.platform),
    checkTool('bash', bash, 'needed by runtimes of the tmux adapter', machine.platform),
    checkTool(
      'setpriv',
      setpriv,
      'without it (util-linux), an agent outlives a killed holder until it is reaped',
      machine.platform,
    ),
    config,
    retention,
    checkPi(pi),
    checkCredentials(machine.credentialNames, env),
  ];
}

async function findOwner(context: CommandContext): Promise<LockFacts> {
  const plane = await connectIfOwned(context);
  if (plane) {
    const { pid, unfinished } = await context.closeAtEnd(plane).info();
    return { kind: 'served', pid, unfinished };
  }
  const owner = await context.deps.planes.owner(context.dataDir);
  return owner === undefined ? { kind: 'free' } : { kind: 'silent', pid: owner.pid };
}

/** What is kept of ended tasks, and who says so. */
async function checkRetention(context: CommandContext): Promise<Check> {
  const { deps, dataDir } = context;
  try {
    const { retention, path } = await findRetention({ dataDir, home: deps.home });
    const found = { name: 'retention', detail: `${path ?? 'the default'}: ${describeRetention(retention)}` };
    const here = await context.config().catch(() => undefined);
    const isElsewhere = here?.config.retention !== undefined && here.path !== path;
    if (!isElsewhere) return { ...found, status: 'ok' };
    return {
      ...found,
      status: 'warn',
      hint: `the one of ${here.path ?? 'this configuration'} does not count: it would be that of all projects whose tasks are in ${dataDir}`,
    };
  } catch (error) {
    const detail = sanitizeLine(AgentRuntimeError.from(error).rawMessage, 500);
    return { name: 'retention', status: 'warn', detail, hint: 'nothing is removed before that is mended' };
  }
}

async function checkConfig(context: CommandContext): Promise<Check> {
  try {
    const loaded = await context.config();
    const ids = Object.keys(loaded.config.runtimes).join(', ');
    return { name: 'configuration', status: 'ok', detail: `${sourceOf(loaded) ?? 'no file; the defaults'}: ${ids}` };
  } catch (error) {
    const { rawMessage, hint = '' } = AgentRuntimeError.from(error);
    const said = context.spoken(hint);
    return {
      name: 'configuration',
      status: 'fail',
      detail: sanitizeLine(rawMessage, 500),
      ...(said === '' ? {} : { hint: said }),
    };
  }
}
