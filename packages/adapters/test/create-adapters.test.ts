import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runtimeDefinitionSchema } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { createAdapter, createAdapters, definitionsOf } from '../src/index.ts';

describe('runtimes', () => {
  it('become adapters with their ids, in their order', async () => {
    const adapters = await createAdapters({
      'my-pi': { adapter: 'pi', offline: undefined },
      shell: { adapter: 'local', command: ['sh'] },
      claude: { adapter: 'tmux', command: ['claude', '-p', '{prompt}'] },
    });
    expect(adapters.map(({ id }) => id)).toEqual(['my-pi', 'shell', 'claude']);
  });

  it('pass the variables that their entry names, beside those of their adapter', async () => {
    const [pi, shell, plain] = await createAdapters({
      pi: { adapter: 'pi', passEnv: ['MY_*'] },
      shell: { adapter: 'local', command: ['sh'], passEnv: ['TOKEN', 'TOKEN'] },
      plain: { adapter: 'local', command: ['sh'] },
    });
    expect(pi?.passEnvironment).toEqual(expect.arrayContaining(['MY_*', 'ANTHROPIC_API_KEY']));
    expect(shell?.passEnvironment).toEqual(['TOKEN']);
    expect(plain?.passEnvironment).toBeUndefined();
  });

  it('become definitions, which become the same adapters', async () => {
    const definitions = definitionsOf({
      'my-pi': { adapter: 'pi', passEnv: ['MY_*'], offline: undefined },
      shell: { adapter: 'local', command: ['sh'] },
    });
    expect(definitions).toStrictEqual({
      'my-pi': { adapter: 'pi', options: {}, passEnv: ['MY_*'] },
      shell: { adapter: 'local', options: { command: ['sh'] } },
    });
    for (const [id, definition] of Object.entries(definitions)) {
      expect(runtimeDefinitionSchema.parse(definition)).toEqual(definition);
      expect((await createAdapter(id, definition)).id).toBe(id);
    }
  });

  it.each([
    ['none at all', {}, /expected at least one runtime/],
    [
      'a setting that there is not',
      { echo: { adapter: 'local', comand: ['x'] } },
      /echo\.comand is not a known setting/,
    ],
    ['a command of the wrong kind', { echo: { adapter: 'local', command: 'x' } }, /echo\.command: .*expected array/],
    ['no adapter of that name', { echo: { adapter: 'acp' } }, /echo\.adapter: expected "adapter" to be one of/],
    [
      'a prompt that contradicts the command',
      { echo: { adapter: 'local', command: ['x', '{prompt}'], prompt: 'file' } },
      /echo\.prompt: .*say 'argument'/,
    ],
  ])('are refused with %s, and the place is named', async (_what, runtimes, message) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    await expect(createAdapters(runtimes as Parameters<typeof createAdapters>[0])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });

  it('are refused in a short text, however many settings are wrong', async () => {
    const entry = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`no-setting-${at}`, at]));
    const refused = createAdapters({ echo: { adapter: 'pi', ...entry } });
    await expect(refused).rejects.toThrow(/no-setting-4 is not a known setting; and 9995 more/);
  });
});

describe('definitions', () => {
  it.each([
    [
      'an adapter of another version',
      { adapter: 'acp', options: {} },
      /echo: adapter: expected "adapter" to be one of/,
    ],
    ['an option of another version', { adapter: 'pi', options: { fast: true } }, /echo: fast is not a known setting/],
  ])('are not understood with %s, and say so', async (_what, definition, message) => {
    await expect(createAdapter('echo', definition)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });
});

/** Prints which packages of adapters are loaded: after the import, and after each of these adapters was made. */
const loads = `
import { registerHooks } from 'node:module';
const packages = new Set();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const name = /packages\\/(adapter-(?:local|pi|tmux))\\//.exec(found.url)?.[1];
    if (name) packages.add(name);
    return found;
  },
});
const { createAdapter } = await import('@runtime/adapters');
const seen = [[...packages]];
await createAdapter('sh', { adapter: 'local', options: { command: ['sh'] } });
seen.push([...packages]);
await createAdapter('pi', { adapter: 'pi', options: {} });
seen.push([...packages]);
console.log(JSON.stringify(seen));
`;

it('the package of an adapter is loaded when one of its kind is made', async () => {
  const node = [...process.execArgv, '--conditions=@runtime/source', '--input-type=module', '--eval', loads];
  const { stdout } = await promisify(execFile)(process.execPath, node, { cwd: join(import.meta.dirname, '..') });
  expect(JSON.parse(stdout)).toEqual([[], ['adapter-local'], ['adapter-local', 'adapter-pi']]);
});
