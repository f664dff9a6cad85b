import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AgentRuntimeError, systemCode, type ControlPlane } from '@runtime/contracts';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import type { EventFamily } from '@runtime/contracts/log';
import { openEventLog } from '@runtime/event-log';
import { LocalChannel } from '../api/local-channel.ts';
import { answers } from '../client/answers.ts';
import { whileOpen, type FamilyPort } from '../client/family-port.ts';
import { PlaneClient } from '../client/plane-client.ts';
import { planeClosed } from '../client/plane-closed.ts';
import { checkedFamilies } from '../families/checked-families.ts';
import { FamilyFold } from '../families/family-fold.ts';
import { knownFamily } from '../families/known-family.ts';
import { FilesReader } from './files-reader.ts';
import { LazyStore, openStore } from '../store/lazy-store.ts';
import { runHistory } from './run-history.ts';

/** How a data directory is read without an owner. */
export interface ReadOnlyOptions {
  /** A directory that an owner has opened before, by any of its names. */
  readonly dataDir: string;
  /** Whose `state` can be asked for, as of an owner. @default none */
  readonly families?: readonly EventFamily[];
  /** As of an owner. @default files in `artifacts` below the data directory */
  readonly artifacts?: ArtifactStore;
}

/**
 * Reads a data directory without owning it: tasks, their outcomes, events, `info()` and states of families, from its
 * files. Everything else is UNAVAILABLE. Nothing is written. INVALID_ARGUMENT for a path that is not a directory,
 * NOT_FOUND for a directory in which nothing has been run.
 */
export async function openReadOnlyPlane({
  dataDir,
  families,
  artifacts: given,
}: ReadOnlyOptions): Promise<ControlPlane> {
  const known = checkedFamilies(families);
  const dir = resolve(dataDir);
  // Before anything is read: what is not for this user is named as such.
  await look(join(dir, 'log'));
  const expectsHistory = await runHistory(dir);
  if (expectsHistory === undefined) await requireLog(dir);
  const log = await openEventLog({ dir: join(dir, 'log'), readOnly: true, expectsHistory });
  const closing = new AbortController();
  const store = new LazyStore(() => openStore(join(dir, 'artifacts'), { readOnly: true }));
  const ports = {
    reader: new FilesReader({ log, artifacts: given ? async () => given : store.get }, dir, closing.signal),
    owner: (method: string): never => {
      throw noOwner(dir, method);
    },
  };
  // Files do not go away by themselves.
  const lost = new Promise<never>(() => undefined);
  const close = async (): Promise<void> => {
    closing.abort(planeClosed());
    await Promise.all([store.close(), log.close()]);
  };
  const port: FamilyPort = {
    append: async () => ports.owner('append'),
    // Each time anew: what a reader has seen is cut off by the next owner where it was not durable.
    state: async (family) => {
      knownFamily(known, family);
      return new FamilyFold(log, family).read(closing.signal);
    },
  };
  return new PlaneClient(
    new LocalChannel(ports, closing.signal, lost),
    answers,
    close,
    whileOpen(port, closing.signal),
  );
}

async function requireLog(dir: string): Promise<void> {
  const found = await look(dir);
  if (found && !found.isDirectory()) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${dir} is not a directory`, { hint: 'name a data directory' });
  }
  if (!(await look(join(dir, 'log')))) {
    throw new AgentRuntimeError('NOT_FOUND', `nothing has been run in ${dir} yet`, {
      hint: 'runtime run starts the first task',
    });
  }
}

/** Undefined where there is nothing. Throws PERMISSION_DENIED where this user may not look. */
async function look(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    if (!['EACCES', 'EPERM'].includes(systemCode(cause) ?? '')) return undefined;
    throw new AgentRuntimeError('PERMISSION_DENIED', `${path} may not be read by this user`, {
      hint: 'work as the user that it belongs to, or choose another directory with --data-dir',
      cause,
    });
  }
}

const noOwner = (dir: string, method: string): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', `${method} needs an owner of ${dir}, and there is none`, {
    hint: 'runtime serve --detach starts one',
  });
