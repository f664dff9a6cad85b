import { chmod, copyFile, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveCommand } from '../../src/run/index.ts';

let dir: string;
const searchPath = '/usr/bin:/bin';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'adapter-kit-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function program(name: string, content: string | Buffer, mode = 0o755): Promise<string> {
  const file = join(dir, name);
  await writeFile(file, content);
  await chmod(file, mode);
  return file;
}

describe('a script', () => {
  test.each([
    ['bad-shebang', '#!/no/such/interpreter -x\n', 'NOT_FOUND', /\/no\/such\/interpreter is not there/],
    ['empty-shebang', '#!  \n', 'NOT_FOUND', /names no interpreter/],
    ['crlf', '#!/bin/sh\r\necho\r\n', 'NOT_FOUND', /carriage return.*"\/bin\/sh\\r"/],
    ['env-crlf', '#!/usr/bin/env node\r\n', 'NOT_FOUND', /carriage return.*node\\r/],
    ['env', '#!/usr/bin/env no-such-interpreter\n', 'NOT_FOUND', /no-such-interpreter is not on the PATH/],
    ['env-split', '#!/usr/bin/env -S A=1 no-such-interpreter --flag\n', 'NOT_FOUND', /no-such-interpreter/],
    ['bom', '\uFEFF#!/bin/sh\n', 'NOT_FOUND', /byte order mark/],
    ['relative', '#!no/such/sh\n', 'NOT_FOUND', /no\/such\/sh is not there/],
    ['directory-shebang', '#!/usr\n', 'PERMISSION_DENIED', /interpreter \/usr is no program/],
  ])('%s is refused, with its own name and that of the interpreter', async (name, content, code, message) => {
    const file = await program(name, content);
    const refused = { code, message: expect.stringMatching(message), hint: expect.stringMatching(/\w/) };
    await expect(resolveCommand(file, searchPath, dir)).rejects.toMatchObject(refused);
    await expect(resolveCommand(file, searchPath, dir)).rejects.toThrow(file);
  });

  test('whose interpreter is a script without an interpreter is refused with the name of that', async () => {
    const inner = await program('inner', '#!/no/such/inner\n');
    const outer = await program('outer', `#!${inner}\n`);
    await expect(resolveCommand(outer, searchPath, dir)).rejects.toThrow(/inner cannot be executed.*\/no\/such\/inner/);
  });

  test.each([
    ['plain', '#!/bin/sh\n'],
    ['spaced', '#! \t/bin/sh -e\n'],
    ['one-line', '#!/bin/sh'],
    ['env-ok', '#!/usr/bin/env sh\n'],
    ['env-options', '#!/usr/bin/env -S -i sh -c true\n'],
    ['no-shebang', 'echo hello\n'],
    ['nothing', ''],
  ])('%s passes', async (name, content) => {
    const file = await program(name, content);
    await expect(resolveCommand(file, searchPath, dir)).resolves.toBe(file);
    await expect(resolveCommand(name, dir, '/').catch(({ message }: Error) => message)).resolves.toEqual(
      name.startsWith('env') ? expect.stringMatching(/env-ok|options/) : file,
    );
  });

  test('that may be executed and not read passes', async () => {
    const file = await program('unreadable', '#!/bin/sh\n', 0o111);
    await expect(resolveCommand(file, searchPath, dir)).resolves.toBe(file);
  });
});

describe.runIf(process.platform === 'linux')('a binary', () => {
  async function changed(name: string, at: number, bytes: Buffer): Promise<string> {
    const file = join(dir, name);
    await copyFile(process.execPath, file);
    await chmod(file, 0o755);
    const handle = await open(file, 'r+');
    await handle.write(bytes, 0, bytes.length, at);
    await handle.close();
    return file;
  }

  test('of this machine passes', async () => {
    await expect(resolveCommand(process.execPath, searchPath, dir)).resolves.toBe(process.execPath);
  });

  test('for another processor is refused, with the name of that', async () => {
    const file = await changed('other', 18, Buffer.of(22, 0));
    await expect(resolveCommand(file, searchPath, dir)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/other cannot be executed: it is a program for s390x/),
    });
  });

  test.each([
    ['cut', Buffer.from('\u007fELF\u0002\u0001\u0001garbage', 'latin1')],
    ['data', Buffer.from([0, 1, 2, 10, 65])],
  ])('that is none is refused, and is never executed as a script: %s', async (name, content) => {
    const file = await program(name, content);
    await expect(resolveCommand(file, searchPath, dir)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/cannot be executed: .*Exec format error/),
    });
  });

  test('that is an object file is refused', async () => {
    const file = await changed('object', 16, Buffer.of(1, 0));
    await expect(resolveCommand(file, searchPath, dir)).rejects.toThrow(/no whole program/);
  });

  test('for Windows is refused', async () => {
    const file = await program('pi.exe', Buffer.from('MZ\0\0'));
    await expect(resolveCommand(file, searchPath, dir)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});

describe('what is no program', () => {
  test('a directory, a broken link and a missing file are told apart', async () => {
    await mkdir(join(dir, 'folder'));
    await symlink('/no/such/target', join(dir, 'link'));
    await expect(resolveCommand('./folder', searchPath, dir)).rejects.toThrow(/it is a directory/);
    await expect(resolveCommand('./link', searchPath, dir)).rejects.toThrow(
      /a link to \/no\/such\/target, which is not/,
    );
    await expect(resolveCommand('./missing', searchPath, dir)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a file that nobody may execute is PERMISSION_DENIED', async () => {
    const file = await program('data', '#!/bin/sh\n', 0o644);
    await expect(resolveCommand(file, searchPath, dir)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      hint: expect.stringContaining('chmod +x'),
    });
  });
});
