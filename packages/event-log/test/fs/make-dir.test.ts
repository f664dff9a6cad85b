import { expect, it } from 'vitest';
import { acquireLock, openEventLog } from '../../src/index.ts';

it.skipIf(process.platform !== 'linux')(
  'an opening where nothing can be made fails, and does not try for ever',
  async () => {
    await expect(openEventLog({ dir: '/proc/nope/log' })).rejects.toThrow('ENOENT');
    await expect(acquireLock('/proc/nope/deep/lock.db')).rejects.toThrow('ENOENT');
  },
);
