import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownerMethods, readMethods } from '../../src/api/methods.ts';
import { streamMethods } from '../../src/client/channel.ts';
import { errorNumbers, rpcErrors } from '../../src/socket/error-numbers.ts';
import { maxFrameBytes } from '../../src/socket/frames.ts';
import { protocol } from '../../src/socket/messages.ts';

const page = await readFile(join(import.meta.dirname, '../../../../docs/socket.md'), 'utf8');

it('docs/socket.md has the number of each error code, and no others', () => {
  const rows = [...page.matchAll(/^\| (-32\d{3}) \| `([A-Z_]+)` \|/gm)].map(([, number, code]) => `${number} ${code}`);
  const { parseError, invalidRequest, methodNotFound } = rpcErrors;
  expect(rows.toSorted()).toEqual(
    [
      `${parseError} PROTOCOL_VIOLATION`,
      `${invalidRequest} PROTOCOL_VIOLATION`,
      `${methodNotFound} NOT_FOUND`,
      ...Object.entries(errorNumbers).map(([code, number]) => `${number} ${code}`),
    ].toSorted(),
  );
});

it('docs/socket.md names the protocol and the size of a frame', () => {
  expect(page).toContain(`\`${protocol}\``);
  expect(page).toContain(`| frame | ${maxFrameBytes / 1024 / 1024} MiB`);
});

it('docs/socket.md has each method, and no others', () => {
  const table = page.slice(page.indexOf('## Methods'), page.indexOf('## Errors'));
  const rows = [...table.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, method]) => method);
  const methods = [...Object.keys(readMethods), ...Object.keys(ownerMethods), ...streamMethods];
  expect(rows).toHaveLength(methods.length);
  expect(new Set<string | undefined>(rows)).toEqual(new Set<string | undefined>(methods));
});
