import type { Instruction, Part } from '@runtime/contracts';
import { expect } from 'vitest';
import { refusal, type Bench, type Play } from '../stage.ts';
import { makeInstruction } from '../handles.ts';
import { spoken } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';

/** A transparent image of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const further: Readonly<Record<'text' | 'image' | 'file', Part>> = {
  text: { type: 'text', text: 'With these words.' },
  image: { type: 'image', mediaType: 'image/png', data: pixel },
  file: { type: 'file', path: 'notes/plan.md' },
};

async function arrives(bench: Bench, play: Play, type: 'text' | 'image' | 'file'): Promise<void> {
  const { tape } = await bench.playToEnd(play);
  expect(spoken(tape.events, play.capabilities)).toContain('hello, world');
  if (!play.setup.witness) return;
  const { instructions, images } = await play.setup.witness();
  if (type === 'image') expect(images, 'images that arrived').toBe(1);
  else expect(instructions.join('\n')).toContain(type === 'text' ? 'With these words.' : 'notes/plan.md');
}

/** By the start where the instruction goes with it, else by the sending. */
async function refused(bench: Bench, play: Play): Promise<void> {
  expect(await refusal(bench.begin(play))).toBe('UNSUPPORTED');
}

const saying = (text: string): Instruction => makeInstruction(text);

function sessionIdOf({ session, tape }: Awaited<ReturnType<Bench['playToEnd']>>): string {
  const opened = tape.events.find((event) => event.type === 'session.opened');
  const id = opened?.agentSessionId ?? session.agentSessionId;
  if (id === undefined) throw new Error('neither the session nor an event names the conversation');
  return id;
}

export const capabilityCases: readonly Case[] = [
  verifies('send.inputs', async (bench) => {
    const first = await bench.play('hello');
    expect(first.capabilities.inputs, 'what every runtime takes').toContain('text');
    for (const type of ['text', 'image', 'file'] as const) {
      const parts = [...makeInstruction(first.setup.prompt ?? 'Do what the scenario says.').parts, further[type]];
      const context = { ...first.context, witness: `${first.context.witness}-${type}` };
      const play = await bench.playIn(context, { instruction: makeInstruction('', { parts }) });
      if (first.capabilities.inputs.includes(type)) await arrives(bench, play, type);
      else await refused(bench, play);
    }
  }),
  verifies('resume.conversation', async (bench) => {
    const { capabilities, context } = await bench.play('hello');
    if (capabilities.resume === 'none') {
      const resume = { agentSessionId: 'a-session', runDir: context.dir };
      const play = await bench.playIn(context, { resume });
      expect(await refusal(play.adapter.start(play.launch))).toBe('UNSUPPORTED');
      expect(await bench.countProcesses(play.handle)).toBe(0);
      return;
    }
    const first = await bench.play('recall', { instruction: saying('The word is marmalade.') });
    const before = await bench.playToEnd(first);
    const agentSessionId = sessionIdOf(before);
    const resume = { agentSessionId, runDir: first.handle.runDir };
    const second = await bench.playIn(first.context, { instruction: saying('Which word was it?'), resume });
    const after = await bench.playToEnd(second);
    expect(sessionIdOf(after), 'the conversation').toBe(agentSessionId);
    const text = spoken(after.tape.events, second.capabilities);
    expect(text).toContain('Which word was it?');
    if (capabilities.resume === 'lossless') expect(text, 'what was said before').toContain('marmalade');
    expect(text.match(/marmalade/g)?.length ?? 0, 'nothing is told twice').toBeLessThanOrEqual(1);
  }),
  verifies('models.chosen', async (bench) => {
    const first = await bench.play('hello');
    const { models } = first.capabilities;
    const target = { ...first.launch.target, model: first.setup.model ?? 'a-model' };
    const play = await bench.playIn(first.context, { target });
    if (!models) {
      expect(await refusal(play.adapter.start(play.launch))).toBe('UNSUPPORTED');
      expect(await bench.countProcesses(play.handle)).toBe(0);
      return;
    }
    if (first.setup.model === undefined) throw new Error('models are declared, and the harness names none');
    await bench.playToEnd(play);
    if (!play.setup.witness) throw new Error('models are declared, and the harness brings no witness');
    expect((await play.setup.witness()).model).toBe(first.setup.model);
  }),
];
