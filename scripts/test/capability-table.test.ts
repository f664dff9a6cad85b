import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { local } from '../../packages/adapter-local/src/index.ts';
import { pi } from '../../packages/adapter-pi/src/index.ts';
import { tmux } from '../../packages/adapter-tmux/src/index.ts';
import { piAgent } from '../../packages/conformance/src/scripted-agent/index.ts';
import type { RuntimeAdapter } from '../../packages/contracts/src/adapter/index.ts';
import type { RuntimeCapabilities } from '../../packages/contracts/src/index.ts';

async function capabilitiesOf(adapter: RuntimeAdapter): Promise<RuntimeCapabilities> {
  const found = await adapter.probe();
  if (found.status === 'unavailable') throw new Error(found.reason);
  return found.capabilities;
}

/** A row of the README's table, without its first cell. */
function row(beginning: string): string[] {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const line = readme.split('\n').find((each) => each.startsWith(`| ${beginning}`));
  return (line ?? '')
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim());
}

it('promises in the README what the adapters declare', async () => {
  const all = await Promise.all([
    capabilitiesOf(local({ command: ['cat'] })),
    capabilitiesOf(tmux({ command: ['cat'] })),
    capabilitiesOf(pi({ command: piAgent().command })),
  ]);
  const yes = (value: boolean): string => (value ? 'yes' : '–');
  expect(row('steer').map((cell) => /`(\w+)`/.exec(cell)?.[1] ?? 'none')).toEqual(all.map(({ steer }) => steer));
  expect(row('follow-up, interrupt')).toEqual(all.map(({ followUp, interrupt }) => yes(followUp && interrupt)));
  expect(row('survives')).toEqual(all.map(({ reattach }) => yes(reattach)));
  expect(row('resumes')).toEqual(all.map(({ resume }) => (resume === 'none' ? '–' : resume)));
  expect(row('approvals, usage')).toEqual(all.map(({ approvals, usage, models }) => yes(approvals && usage && models)));
  expect(row('input')).toEqual(
    all.map(({ inputs }) =>
      [
        'text',
        ...['file', 'image'].filter((name) => inputs.some((input) => input === name)).map((name) => `${name}s`),
      ].join(', '),
    ),
  );
  expect(row('events').map((cell) => (cell === 'output' ? 'output' : 'structured'))).toEqual(
    all.map(({ events }) => events),
  );
});
