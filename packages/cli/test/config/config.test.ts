import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config/defaults.ts';
import { configSearchPath } from '../../src/config/find.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { version } from '../../src/version.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cli-config-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const load = (cwd: string, path?: string) => loadConfig({ path, cwd, home: root, env: { PATH: '' } });

it('a configuration of 200 000 settings that are not known is refused in one short text', () => {
  const text = JSON.stringify(Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`no setting ${at}`, at])));
  const long = JSON.stringify({ ['x'.repeat(1_000_000)]: 1 });
  for (const bad of [text, long]) {
    let thrown: unknown;
    try {
      parseConfig(bad, '/etc/x.json');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('more') });
    expect(String(thrown).length).toBeLessThan(2200);
    expect(String(thrown).split('\n')).toHaveLength(1);
  }
});

describe('finding the configuration', () => {
  it('looks from the working directory upwards and stops at home', () => {
    expect(configSearchPath('/home/me/a/b', '/home/me')).toEqual(['/home/me/a/b', '/home/me/a', '/home/me']);
    expect(configSearchPath('/srv/x', '/home/me')).toEqual(['/srv/x', '/srv', '/']);
  });

  it('takes the nearest file, and the one that was named over all others', async () => {
    const deep = join(root, 'near/deep');
    await mkdir(deep, { recursive: true });
    const write = (path: string, command: string) =>
      writeFile(path, JSON.stringify({ runtimes: { x: { adapter: 'local', command: [command] } } }));
    await write(join(root, 'near/runtime.config.json'), 'near');
    await write(join(root, 'other.json'), 'other');
    expect((await load(deep)).path).toBe(join(root, 'near/runtime.config.json'));
    expect((await load(deep, '../../other.json')).config.runtimes['x']).toMatchObject({ command: ['other'] });
  });

  it('names the file that cannot be read', async () => {
    await expect(load(root, 'missing.json')).rejects.toThrow(
      `cannot read the configuration ${join(root, 'missing.json')}`,
    );
  });

  it('must be a file: opening a pipe would block for ever', async () => {
    const pipe = join(root, 'pipe.json');
    execFileSync('mkfifo', [pipe]);
    await expect(load(root, pipe)).rejects.toThrow(`cannot read the configuration ${pipe}: it is not a file`);
    await expect(load(root, root)).rejects.toThrow('it is not a file');
    await expect(load(root, '/dev/zero')).rejects.toThrow('it is not a file');
    await writeFile(join(root, 'large.json'), ' '.repeat(1024 * 1024 + 1));
    await expect(load(root, 'large.json')).rejects.toThrow('larger than 1 MiB');
  });

  it.skipIf(process.getuid?.() !== 0)(
    'of another user is refused unless it was named: it names programs that we would run',
    async () => {
      const shared = join(root, 'shared');
      const file = join(shared, 'runtime.config.json');
      await mkdir(join(shared, 'mine'), { recursive: true });
      await writeFile(file, '{"runtimes":{"pi":{"adapter":"pi"}}}');
      await chown(file, 65_534, 65_534);
      await expect(load(join(shared, 'mine'))).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        rawMessage: `${file} belongs to another user (65534)`,
        hint: expect.stringContaining('--config'),
      });
      expect((await load(root, file)).path).toBe(file);
    },
  );
});

describe('a bad configuration', () => {
  const refused = (document: unknown): string => {
    try {
      parseConfig(typeof document === 'string' ? document : JSON.stringify(document), '/etc/x.json');
      return 'accepted';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('names the file and the place', () => {
    expect(refused({ runtimes: { one: { adapter: 'local', command: [] } } })).toMatch(
      /x\.json: runtimes\.one\.command: /,
    );
  });

  it('names a misspelt setting at any depth', () => {
    expect(refused({ runtime: {}, runtimes: { pi: { adapter: 'pi' } } })).toMatch(/runtime is not a known setting/);
    expect(refused({ runtimes: { pi: { adapter: 'pi', modle: 'x' } } })).toMatch(
      /runtimes\.pi\.modle is not a known setting/,
    );
  });

  it('lists the adapters', () => {
    expect(refused({ runtimes: { x: { adapter: 'docker' } } })).toMatch(/runtimes\.x.*"pi", "tmux", "local"/);
  });

  it('shows what a duration looks like', () => {
    expect(refused({ runtimes: { pi: { adapter: 'pi' } }, defaults: { deadline: '10' } })).toMatch(
      /defaults\.deadline: expected a duration/,
    );
  });

  it('refuses a runtime id that is none, no runtimes at all, and what is not JSON', () => {
    expect(refused({ runtimes: { 'My Pi': { adapter: 'pi' } } })).toMatch(/My Pi/);
    expect(refused({ runtimes: {} })).toMatch(/at least one runtime/);
    expect(refused('{ runtimes')).toMatch(/x\.json is not JSON/);
    expect(refused('[]')).toMatch(/\(the document\)/);
  });
});

describe('without a file', () => {
  it('uses pi, and claude in tmux, where they are on PATH', async () => {
    const bin = join(root, 'bin');
    await mkdir(bin);
    for (const name of ['pi', 'tmux', 'claude']) {
      await writeFile(join(bin, name), '#!/bin/sh\n');
      await chmod(join(bin, name), 0o755);
    }
    expect(Object.keys((await defaultConfig({ PATH: bin })).runtimes)).toEqual(['pi', 'claude']);
    expect((await defaultConfig({ PATH: bin })).runtimes['claude']).toEqual({
      adapter: 'tmux',
      command: ['claude', '-p', '{prompt}'],
      passEnv: expect.arrayContaining(['ANTHROPIC_*']),
    });
    expect((await defaultConfig({ PATH: bin })).defaults).toBeUndefined();
    await rm(join(bin, 'pi'));
    expect((await defaultConfig({ PATH: bin })).defaults).toEqual({ runtimes: ['claude'] });
  });

  it('also names what is not installed, so that --on pi,claude works with one of them', async () => {
    expect(await defaultConfig({ PATH: '' })).toEqual({
      runtimes: { pi: { adapter: 'pi' }, claude: expect.objectContaining({ adapter: 'tmux' }) },
    });
  });

  it('does not look into relative entries of PATH', async () => {
    expect((await defaultConfig({ PATH: 'bin:.' })).defaults).toBeUndefined();
  });
});

describe('what is published', () => {
  const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');

  it('is the schema of the code', async () => {
    const published: unknown = JSON.parse(await read('../../schema/runtime.config.schema.json'));
    expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it('is the version of the package', async () => {
    expect(JSON.parse(await read('../../package.json'))).toMatchObject({ version });
  });
});

describe('paths in a configuration', () => {
  it('are relative to the file, because the owner has another working directory', async () => {
    const directory = join(root, 'relative');
    await mkdir(directory);
    const runtimes = {
      near: { adapter: 'local', command: ['./agent.sh', './stays'] },
      onPath: { adapter: 'local', command: ['sh'] },
    };
    await writeFile(
      join(directory, 'runtime.config.json'),
      JSON.stringify({
        runtimes: { near: runtimes.near, 'on-path': runtimes.onPath },
        defaults: { env: { file: '.env' } },
      }),
    );
    const { config } = await load(directory);
    expect(config.runtimes['near']?.command).toEqual([join(directory, 'agent.sh'), './stays']);
    expect(config.runtimes['on-path']?.command).toEqual(['sh']);
    expect(config.defaults?.env?.file).toBe(join(directory, '.env'));
  });

  it('are left alone where they begin in the workspace', async () => {
    const directory = join(root, 'in-workspace');
    await mkdir(directory);
    const runtimes = { near: { adapter: 'tmux', command: ['{workspace}/agent'], tmux: './tmux' } };
    await writeFile(join(directory, 'runtime.config.json'), JSON.stringify({ runtimes }));
    expect((await load(directory)).config.runtimes['near']).toMatchObject({
      command: ['{workspace}/agent'],
      tmux: join(directory, 'tmux'),
    });
  });
});
