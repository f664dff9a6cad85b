/** A disk of its own in a file: its power can be cut, and it can be filled. Needs Linux, root, loop devices and perl. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** EXT4_IOC_SHUTDOWN without a flush of the journal: from now on nothing gets to the medium, and what did not is gone. */
const cutPower = `
  open(my $dir, "<", $ARGV[0]) or die "open: $!";
  my $noFlush = pack("L", 2);
  defined ioctl($dir, 0x8004587d, $noFlush) or die "ioctl: $!";
`;

/** An ext4 of so many MB, mounted at `dir`. */
export async function makeDisk(megabytes: number) {
  const root = await mkdtemp(join(tmpdir(), 'disk-'));
  const image = join(root, 'image');
  const dir = join(root, 'mounted');
  await mkdir(dir);
  await writeFile(image, '');
  await truncate(image, megabytes * 1024 * 1024);
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  const mount = async (): Promise<void> => void (await run('mount', ['-o', 'loop', image, dir]));
  const unmount = async (): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      for (const pid of await processesOn(dir)) end(pid);
      try {
        await run('umount', [dir]);
        return;
      } catch (error) {
        if (tries === 100) throw error;
        await sleep(50);
      }
    }
  };
  await mount();
  return {
    dir,
    /** Writes all that is to be on the medium when the power is cut. */
    sync: async (): Promise<void> => void (await run('sync', ['-f', dir])),
    /** Cuts the power of the disk and of every process that uses it, and switches it on again. */
    async cutPower(): Promise<void> {
      await run('perl', ['-e', cutPower, dir]);
      await unmount();
      await mount();
      await run('test', ['-d', dir]);
    },
    /** Leaves no room, not even for one who writes little at a time; resolves with what makes room again. */
    async fill(): Promise<() => Promise<void>> {
      const names: string[] = [];
      for (const bytes of [1024 * 1024, 4096]) {
        const name = join(dir, `filler-${bytes}`);
        names.push(name);
        const file = await open(name, 'w');
        const zeros = Buffer.alloc(bytes);
        try {
          for (;;) await file.write(zeros);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        } finally {
          await file.sync().catch(() => undefined);
          await file.close();
        }
      }
      return async () => {
        for (const name of names) await rm(name);
      };
    },
    async [Symbol.asyncDispose]() {
      await unmount();
      await rm(root, { recursive: true });
    },
  };
}

export type Disk = Awaited<ReturnType<typeof makeDisk>>;

/** Whether this machine lets us mount one. */
export async function canMountDisks(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    await using disk = await makeDisk(16);
    await disk.cutPower();
    return true;
  } catch {
    return false;
  }
}

async function processesOn(dir: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found: number[] = [];
  for (const pid of pids) {
    const open = (await readdir(`/proc/${pid}/fd`).catch(() => [])).map((number) => `fd/${number}`);
    const links = ['cwd', 'root', ...open].map((link) => readlink(`/proc/${pid}/${link}`).catch(() => ''));
    if ((await Promise.all(links)).some((link) => `${link}/`.startsWith(`${dir}/`))) found.push(Number(pid));
  }
  return found;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
