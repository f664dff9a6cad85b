import { mkdir, readFile, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { cgroupMount } from '../../src/process/index.ts';

/** Whether a holder that this process starts can make a cgroup. */
export const mayHaveCgroups = await (async () => {
  const mount = await cgroupMount();
  const [, own = ''] = /^0::(.*)$/m.exec(await readFile('/proc/self/cgroup', 'latin1').catch(() => '')) ?? [];
  const probe = path.join(mount ?? '/nowhere', own, `probe-${process.pid}`);
  return mkdir(probe)
    .then(() => rmdir(probe))
    .then(
      () => true,
      () => false,
    );
})();
