import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { Lab } from '../support/lab.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cli-mistakes-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const good = { runtimes: { x: { adapter: 'local', command: ['x'] } } };

describe('a configuration file that is there and cannot be read', () => {
  const project = async (name: string): Promise<{ cwd: string; file: string }> => {
    const cwd = join(root, name);
    await mkdir(cwd);
    await writeFile(join(root, 'runtime.config.json'), JSON.stringify(good));
    return { cwd, file: join(cwd, 'runtime.config.json') };
  };
  const load = (cwd: string) => loadConfig({ path: undefined, cwd, home: root, env: { PATH: '' } });

  it.each([
    ['leads nowhere', '/nope', /it is a link that leads nowhere/],
    ['is a link to itself', 'runtime.config.json', /ELOOP/],
  ])('is named, and not passed over for another one above, when it %s', async (name, target, message) => {
    const { cwd, file } = await project(name.replaceAll(' ', '-'));
    await symlink(target, file);
    await expect(load(cwd)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      rawMessage: expect.stringContaining(`cannot read the configuration ${file}: `),
    });
    await expect(load(cwd)).rejects.toThrow(message);
  });

  it('is named when the way to it cannot be gone', async () => {
    const { cwd, file } = await project('below');
    await symlink('loop', join(cwd, 'loop'));
    await expect(load(join(cwd, 'loop'))).rejects.toThrow(join(cwd, 'loop', 'runtime.config.json'));
    await writeFile(file, JSON.stringify(good));
    // Under a file there can be none, and none is in a directory that was removed.
    expect((await load(join(file, 'deeper'))).path).toBe(file);
    expect((await load(join(cwd, 'gone/deeper'))).path).toBe(file);
  });
});

const refusal = (document: unknown): string => {
  try {
    parseConfig(typeof document === 'string' ? document : JSON.stringify(document), '/etc/x.json');
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
};
const withRuntime = (entry: unknown): unknown => ({ runtimes: { x: entry } });
const withDefaults = (defaults: unknown): unknown => ({ ...good, defaults });

describe('a mistake in a configuration is told with its file and its setting', () => {
  const id = 'a runtime id is 1-64 lower-case letters, digits and dashes';
  const noNul = 'expected a text without NUL characters';
  const local = (more: object): unknown => withRuntime({ adapter: 'local', command: ['x'], ...more });
  const tmux = (more: object): unknown => withRuntime({ adapter: 'tmux', command: ['x'], ...more });
  const pi = (more: object): unknown => withRuntime({ adapter: 'pi', ...more });
  it.each([
    [{ runtimes: { mutA: { adapter: 'pi' } } }, `runtimes.mutA: ${id}`],
    [withDefaults({ runtimes: ['mutA'] }), `defaults.runtimes[0]: ${id}`],
    [withDefaults({ runtimes: [{ runtime: 'mutA' }] }), `defaults.runtimes[0].runtime: ${id}`],
    [withDefaults({ runtimes: [{ runtime: 'x', modle: 'y' }] }), 'defaults.runtimes[0].modle is not a known setting'],
    [withDefaults({ env: { set: { 'a-b': 'x' } } }), 'defaults.env.set["a-b"]: a variable is letters, digits and'],
    [withDefaults({ deadline: '0s' }), 'defaults.deadline: a duration must be between 1ms and 90d, not 0s'],
    [withDefaults({ runTimeout: '91d' }), 'defaults.runTimeout: a duration must be between 1ms and 90d, not 91d'],
    [withDefaults({ env: { file: '' } }), 'defaults.env.file: expected the path of a file'],
    [withDefaults({ env: { file: 'a\0b' } }), `defaults.env.file: ${noNul}`],
    [withDefaults({ env: { set: { A: 'a\0b' } } }), 'defaults.env.set.A: a value holds no NUL'],
    [local({ command: ['x', 'a\0b'] }), `runtimes.x.command[1]: ${noNul}`],
    [local({ versionArgs: ['\0'] }), `runtimes.x.versionArgs[0]: ${noNul}`],
    [local({ prompt: 'file' }), "runtimes.x.prompt: prompt is 'file', and the command's arguments say 'stdin'"],
    [
      local({ command: ['x', '{prompt}', '{promptFile}'] }),
      'runtimes.x.prompt: both {prompt} and {promptFile} are in the command',
    ],
    [pi({ args: ['\0'] }), `runtimes.x.args[0]: ${noNul}`],
    [pi({ startupMs: 2 ** 31 }), 'runtimes.x.startupMs: '],
    [tmux({ tmux: 'a\0b' }), `runtimes.x.tmux: ${noNul}`],
    [tmux({ command: ['{prompt}'] }), 'runtimes.x.command: expected a program that is not itself the prompt'],
    [tmux({ submitKey: 'C-m; kill-server' }), 'runtimes.x.submitKey: expected the tmux name of one key'],
    [tmux({ readyPattern: '(' }), 'runtimes.x.readyPattern: expected a regular expression'],
    [tmux({ readyTimeoutMs: 2 ** 31 }), 'runtimes.x.readyTimeoutMs: '],
    [tmux({ lingerMs: 2 ** 31 }), 'runtimes.x.lingerMs: '],
  ])('%j', (document, message) => {
    expect(refusal(document)).toContain(`/etc/x.json: ${message}`);
  });

  it('at every command that shows or uses it', async () => {
    await using lab = await Lab.open();
    await writeFile(join(lab.workspace, 'runtime.config.json'), JSON.stringify(withDefaults({ deadline: '0s' })));
    for (const command of [
      ['config', 'show'],
      ['run', 'x'],
    ]) {
      const { code, stderr } = await lab.run(...command);
      expect([code, stderr]).toEqual([2, expect.stringContaining('defaults.deadline: a duration must be')]);
    }
  });

  it.each([
    ['{"runtimes":{"x":{"adapter":"pi"},"x":{"adapter":"local","command":["y"]}}}', 'runtimes.x is there twice'],
    ['{"runtimes":{"x":{"adapter":"pi"},"\\u0078":{"adapter":"pi"}}}', 'runtimes.x is there twice'],
    ['{"runtimes":{"x":{"adapter":"pi","adapter":"pi"}}}', 'runtimes.x.adapter is there twice'],
    ['{"runtimes":{"x":{"adapter":"pi"}},"runtimes":{"x":{"adapter":"pi"}}}', 'runtimes is there twice'],
    ['{"runtimes":{"x":{"adapter":"pi"},"__proto__":{"adapter":"pi"}}}', 'runtimes.__proto__ cannot be a name'],
    [
      '{"runtimes":{"x":{"adapter":"pi"}},"defaults":{"env":{"set":{"__proto__":"a"}}}}',
      'defaults.env.set.__proto__ cannot be a name',
    ],
    [
      '{"runtimes":{"x":{"adapter":"pi"}},"defaults":{"approvals":{"rules":[{},{"\\\\":1,"\\\\":2}]}}}',
      'defaults.approvals.rules[1]["\\\\"] is there twice',
    ],
  ])('where one setting would silently win over another, or vanish: %s', (text, message) => {
    expect(refusal(text)).toContain(`/etc/x.json: ${message}`);
  });

  it('and the same name in two places is none', () => {
    const text = '{"runtimes":{"x":{"adapter":"local","command":["x","x","{","\\"x\\":"]},"y":{"adapter":"pi"}}}';
    expect(refusal(text)).toBe('accepted');
  });
});

describe('the text of a configuration file', () => {
  const load = async (bytes: string | Uint8Array) => {
    const path = join(root, 'text.json');
    await writeFile(path, bytes);
    return loadConfig({ path, cwd: root, home: root, env: { PATH: '' } });
  };

  it('may begin with the mark that some editors put there', async () => {
    expect((await load(`\u{feff}${JSON.stringify(good)}`)).config).toEqual(good);
  });

  it('is UTF-8', async () => {
    await expect(load(Buffer.from(`\u{feff}${JSON.stringify(good)}`, 'utf16le'))).rejects.toThrow(/it is not UTF-8/);
  });
});
