import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finish, openStage, textOf, typesOf, type Stage } from './support/stage.ts';

const well = { rules: [{ reply: { text: 'All is well.' } }] };

/** An extension of the user. Pi sends what an extension prints to stderr, but not what it writes to descriptor 1. */
async function installExtension({ root }: Stage, body: string): Promise<void> {
  const folder = join(root, 'home', '.pi', 'agent', 'extensions');
  await mkdir(folder, { recursive: true });
  const source = `import { writeSync } from 'node:fs';\nexport default function (pi) {\n${body}\n}\n`;
  await writeFile(join(folder, 'noisy.ts'), source);
}

async function played(stage: Stage) {
  const plane = await stage.open();
  const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace });
  const events = await finish(stage, task);
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  expect(textOf(events)).toBe('All is well.');
  expect(await stage.starts()).toHaveLength(1);
  return events;
}

describe('an extension that writes to the standard output of Pi', () => {
  it('before the last record of a run does not keep the run from ending', async () => {
    await using stage = await openStage(well);
    await installExtension(stage, `pi.on('agent_settled', () => { writeSync(1, '\\x1b]0;done\\x07'); });`);
    const events = await played(stage);
    const foreign = events.find(({ type }) => type === 'output.quarantined');
    expect(foreign).toMatchObject({ source: 'stdout', sample: '\\x1b]0;done\\x07' });
  });

  it('in every event of a run, with and without line feeds, costs no record', async () => {
    await using stage = await openStage(well);
    const noise = `for (const event of ['agent_start', 'message_start', 'message_end', 'turn_end', 'agent_end', 'agent_settled'])
      pi.on(event, () => { writeSync(1, event.includes('end') ? 'noise in ' + event + '\\n' : '\\x1b[2K' + event + ' '); });`;
    await installExtension(stage, noise);
    const events = await played(stage);
    expect(typesOf(events)).toEqual(expect.arrayContaining(['output.quarantined', 'usage.reported']));
  });

  it('so that the last record is lost does not keep the run from ending', async () => {
    await using stage = await openStage(well);
    await installExtension(
      stage,
      `pi.on('agent_settled', () => { writeSync(1, '{"type":"agent_settled","notes":['); });`,
    );
    await played(stage);
  });
});
