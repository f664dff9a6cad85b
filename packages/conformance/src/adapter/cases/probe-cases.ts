import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { capabilitiesSchema, runtimeIdSchema } from '@runtime/contracts';
import { specVersion } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { within } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';

export const probeCases: readonly Case[] = [
  verifies('adapter.tagged', async (stage) => {
    const { adapter } = await stage.play('hello');
    expect(adapter.specVersion).toBe(specVersion);
    expect(runtimeIdSchema.safeParse(adapter.id).success, `id ${adapter.id}`).toBe(true);
  }),
  verifies('probe.available', async (stage) => {
    const { adapter, handle } = await stage.play('hello');
    const found = await within(2 * stage.patienceMs, 'waited for the probe', () => adapter.probe());
    if (found.status !== 'available') throw new Error(`unavailable: ${found.reason}`);
    expect(found.id).toBe(adapter.id);
    expect(found.version).not.toBe('');
    expect(capabilitiesSchema.parse(found.capabilities)).toEqual(found.capabilities);
    expect(await stage.countProcesses(handle)).toBe(0);
  }),
  verifies('probe.repeatable', async (stage) => {
    const { adapter, context } = await stage.play('hello');
    const first = await adapter.probe();
    expect(await adapter.probe()).toEqual(first);
    const { adapter: other } = await stage.makeSetup(context);
    expect(isDeepStrictEqual(await other.probe(), first), 'a fresh adapter answers otherwise').toBe(true);
  }),
  verifies('probe.unavailable', async (stage) => {
    const { missing } = stage.harness;
    if (!missing) doesNotApply('the harness brings no adapter without a backend');
    const found = await within(2 * stage.patienceMs, 'waited for the probe', () => missing().probe());
    if (found.status !== 'unavailable') throw new Error('a backend that is not there was found');
    expect(found.id).toBe(missing().id);
    expect(found.reason).not.toBe('');
    expect(found.hint ?? '', 'the hint').not.toBe('');
  }),
  verifies('probe.environment', async (stage) => {
    const { named } = stage.harness;
    if (!named) doesNotApply('the backend has no program that is looked up');
    const { context } = await stage.play('hello');
    const name = `program-${randomUUID().slice(0, 8)}`;
    const { adapter, script } = named(name);
    await mkdir(context.dir, { recursive: true });
    await writeFile(join(context.dir, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const ours = process.env['PATH'] ?? '/usr/bin:/bin';
    const probed = (searchPath: string) =>
      within(2 * stage.patienceMs, 'waited for the probe', () =>
        adapter.probe({ environment: { ...process.env, PATH: searchPath } }),
      );
    const there = await probed(`${context.dir}:${ours}`);
    expect(there.status === 'available' ? '' : there.reason, 'on this PATH').toBe('');
    expect((await probed(ours)).status, 'on another PATH').toBe('unavailable');
  }),
];
