import { execFile, type ExecFileException } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addWorktree, type NewWorktree, type Worktree, type WorktreeOptions } from '../../src/index.ts';

/** A directory of its own with a repository in it, and a home without any configuration of this machine. */
export interface Ground extends AsyncDisposable {
  readonly root: string;
  readonly repository: string;
  readonly options: WorktreeOptions & { readonly env: Readonly<Record<string, string | undefined>> };
  /** Runs the user's own git, by default in the repository, and resolves with what it printed. */
  readonly git: (args: readonly string[], dir?: string) => Promise<string>;
  readonly write: (path: string, content: string | Buffer, dir?: string) => Promise<void>;
  /** A worktree of the task with this name. */
  readonly add: (task?: string, options?: WorktreeOptions) => Promise<Worktree>;
}

export const files: Readonly<Record<string, string>> = {
  'a.txt': 'one\ntwo\nthree\n',
  'src/b.ts': 'export const b = 1;\n',
  'src/deep/c.md': '# c\n',
  '.gitignore': '*.log\nbuild/\n',
};

/** A repository with one commit of `files`. */
export async function ground({ bare = false }: { readonly bare?: boolean } = {}): Promise<Ground> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'worktrees-')));
  const home = join(root, 'home');
  await mkdir(home);
  const env = { PATH: process.env.PATH, HOME: home, TMPDIR: process.env.TMPDIR };
  const options = { env, lockTimeoutMs: 2000 };
  let repository = join(root, 'repository');
  const git = (args: readonly string[], dir = repository): Promise<string> => runGit(args, dir, env);
  const write = async (path: string, content: string | Buffer, dir = repository): Promise<void> => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  };
  await writeFile(
    join(home, '.gitconfig'),
    '[user]\n\tname = A User\n\temail = user@example.org\n[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n',
  );
  await mkdir(repository);
  await git(['init', '-q']);
  for (const [path, content] of Object.entries(files)) await write(path, content);
  await git(['add', '-A']);
  await git(['commit', '-q', '-m', 'first']);
  if (bare) {
    await git(['clone', '-q', '--bare', repository, join(root, 'bare.git')]);
    repository = join(root, 'bare.git');
  }
  const add = async (task = 't1', more: WorktreeOptions = {}): Promise<Worktree> =>
    addWorktree(await wantedOf({ root, repository, git }, task), { ...options, ...more });
  const dispose = (): Promise<void> => rm(root, { recursive: true, force: true, maxRetries: 3 });
  return { root, repository, options, git, write, add, [Symbol.asyncDispose]: dispose };
}

function runGit(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      if (error) reject(new Error(`git ${args.join(' ')}: ${stderr}`, { cause: error }));
      else resolve(stdout);
    };
    execFile('git', [...args], { cwd, env: { ...env }, maxBuffer: 2 ** 28 }, done);
  });
}

/** The worktree of a task, as `addWorktree` takes it. */
export async function wantedOf(
  { root, repository, git }: Pick<Ground, 'root' | 'repository' | 'git'>,
  task = 't1',
): Promise<NewWorktree> {
  const base = (await git(['rev-parse', 'HEAD'])).trim();
  const dir = join(root, 'trees', task);
  return { repository, dir, branch: `runtime/${task}`, base, owner: `runtime task ${task}` };
}

export const preservedAs = (task = 't1'): string => `refs/runtime/preserved/${task}`;

/** All files below a directory but `.git`, by names of bytes: what is in them, where links lead, and who may run them. */
export async function contentsOf(dir: string, from = Buffer.alloc(0)): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const here = Buffer.concat([Buffer.from(`${dir}/`), from]);
  for (const entry of await readdir(here, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([from, entry.name]);
    const full = Buffer.concat([Buffer.from(`${dir}/`), path]);
    const name = path.toString('latin1');
    if (name === '.git') continue;
    if (entry.isDirectory()) {
      for (const [below, content] of await contentsOf(dir, Buffer.concat([path, Buffer.from('/')])))
        found.set(below, content);
    } else if (entry.isSymbolicLink()) {
      found.set(name, `-> ${(await readlink(full, { encoding: 'buffer' })).toString('latin1')}`);
    } else if (entry.isFile()) {
      const isExecutable = ((await stat(full)).mode & 0o100) !== 0;
      found.set(name, `${isExecutable ? 'x' : '-'} ${(await readFile(full)).toString('latin1')}`);
    }
  }
  return found;
}

const read = new Map<string, Promise<Map<string, string>>>();

/** The files of a commit, as a checkout of it would have them. */
export function contentsOfCommit(at: Ground, commit: string): Promise<Map<string, string>> {
  const key = `${at.root} ${commit}`;
  const contents = read.get(key) ?? checkOut(at, commit);
  read.set(key, contents);
  return contents;
}

async function checkOut(at: Ground, commit: string): Promise<Map<string, string>> {
  const dir = await mkdtemp(join(at.root, 'checkout-'));
  await runGit(
    [
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'core.protectNTFS=false',
      `--work-tree=${dir}`,
      'checkout',
      '-f',
      commit,
      '--',
      '.',
    ],
    at.repository,
    {
      ...at.options.env,
      GIT_DIR: (await at.git(['rev-parse', '--absolute-git-dir'])).trim(),
      GIT_INDEX_FILE: `${dir}.index`,
    },
  );
  const contents = await contentsOf(dir);
  await rm(dir, { recursive: true });
  return contents;
}
