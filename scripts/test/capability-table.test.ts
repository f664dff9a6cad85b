import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { local } from '@runtime/adapter-local';
import { pi } from '@runtime/adapter-pi';
import { tmux } from '@runtime/adapter-tmux';
import { piAgent } from '@runtime/conformance/scripted-agent';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { RuntimeCapabilities } from '@runtime/contracts';

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
