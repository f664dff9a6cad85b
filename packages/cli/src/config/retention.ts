import { join } from 'node:path';
import { usualRetention, type Retention } from '@runtime/contracts';
import { parseAge } from '../arguments/duration.ts';
import { parseSize } from '../arguments/size.ts';
import { findConfigFile } from './find.ts';
import { loadConfig } from './load.ts';
import type { RuntimeConfig } from './schema.ts';

/** Which ended tasks stay in a data directory. */
export interface FoundRetention {
  /** False for all of them. */
  readonly retention: Retention | false;
  /** The file that says so; undefined for the default. */
  readonly path: string | undefined;
}

interface Places {
  readonly dataDir: string;
  readonly home: string;
}

/**
 * The retention of a data directory: that of the nearest configuration from the directory itself upwards, else that of
 * the home directory, else the default. It concerns the tasks of all projects that use the directory, so it does not
 * depend on where a command is called, or on who started the owner. Throws INVALID_ARGUMENT for a file with a mistake.
 */
export async function findRetention({ dataDir, home }: Places): Promise<FoundRetention> {
  const path = (await findConfigFile(dataDir, home)) ?? (await findConfigFile(home, home));
  if (path === undefined) return { retention: usualRetention, path: undefined };
  const { config } = await loadConfig({ path: undefined, cwd: join(path, '..'), home, env: {} });
  const retention = retentionIn(config);
  return retention === undefined ? { retention: usualRetention, path: undefined } : { retention, path };
}

/** Undefined where the configuration says nothing. */
function retentionIn({ retention }: RuntimeConfig): Retention | false | undefined {
  if (retention === undefined || retention === false) return retention;
  const { olderThan, keep, size } = retention;
  return {
    ...(olderThan === undefined ? {} : { olderThanMs: parseAge(olderThan) }),
    ...(keep === undefined ? {} : { keep }),
    ...(size === undefined ? {} : { maxBytes: parseSize(size) }),
  };
}
