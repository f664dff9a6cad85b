import type { Part } from '@runtime/contracts';
import { expect } from 'vitest';
import { refusal, type Stage, type Play } from '../stage.ts';
import { makeInstruction } from '../handles.ts';
import { spoken } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';

/** A PNG of one transparent pixel, in base64. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** One part of each type, to be sent after the prompt. */
const extraParts: Readonly<Record<'text' | 'image' | 'file', Part>> = {
  text: { type: 'text', text: 'With these words.' },
  image: { type: 'image', mediaType: 'image/png', data: pixel },
  file: { type: 'file', path: 'notes/plan.md' },
};

async function expectArrival(stage: Stage, play: Play, type: 'text' | 'image' | 'file'): Promise<void> {
  const { tape } = await stage.playToEnd(play);
  expect(spoken(tape.events, play.capabilities)).toContain('hello, world');
  if (!play.setup.witness) return;
  const { instructions, images } = await play.setup.witness();
  if (type === 'image') expect(images, 'images that arrived').toBe(1);
  else expect(instructions.join('\n')).toContain(type === 'text' ? 'With these words.' : 'notes/plan.md');
}

/** The start refuses where the instruction goes with the launch, else the sending does. */
async function expectRefusal(stage: Stage, play: Play): Promise<void> {
  expect(await refusal(stage.begin(play))).toBe('UNSUPPORTED');
}

function sessionIdOf({ session, tape }: Awaited<ReturnType<Stage['playToEnd']>>): string {
  const opened = tape.events.find((event) => event.type === 'session.opened');
  const id = opened?.agentSessionId ?? session.agentSessionId;
  if (id === undefined) throw new Error('neither the session nor an event names the conversation');
  return id;
}

export const capabilityCases: readonly Case[] = [
  verifies('send.inputs', async (stage) => {
    const first = await stage.play('hello');
    expect(first.capabilities.inputs, 'what every runtime takes').toContain('text');
    for (const type of ['text', 'image', 'file'] as const) {
      const parts = [...makeInstruction(first.setup.prompt ?? 'Do what the scenario says.').parts, extraParts[type]];
      const context = { ...first.context, witness: `${first.context.witness}-${type}` };
      const play = await stage.playIn(context, { instruction: makeInstruction('', { parts }) });
      if (first.capabilities.inputs.includes(type)) await expectArrival(stage, play, type);
      else await expectRefusal(stage, play);
    }
  }),
  verifies('resume.conversation', async (stage) => {
    const { capabilities, context } = await stage.play('hello');
    if (capabilities.resume === 'none') {
      const resume = { agentSessionId: 'a-session', runDir: context.dir };
      const play = await stage.playIn(context, { resume });
      expect(await refusal(play.adapter.start(play.launch))).toBe('UNSUPPORTED');
      expect(await stage.countProcesses(play.handle)).toBe(0);
      return;
    }
    const first = await stage.play('recall', { instruction: makeInstruction('The word is marmalade.') });
    const before = await stage.playToEnd(first);
    const agentSessionId = sessionIdOf(before);
    const resume = { agentSessionId, runDir: first.handle.runDir };
    const second = await stage.playIn(first.context, { instruction: makeInstruction('Which word was it?'), resume });
    const after = await stage.playToEnd(second);
    expect(sessionIdOf(after), 'the conversation').toBe(agentSessionId);
    const text = spoken(after.tape.events, second.capabilities);
    expect(text).toContain('Which word was it?');
    if (capabilities.resume === 'lossless') expect(text, 'what was said before').toContain('marmalade');
    expect(text.match(/marmalade/g)?.length ?? 0, 'nothing is told twice').toBeLessThanOrEqual(1);
  }),
  verifies('models.chosen', async (stage) => {
    const first = await stage.play('hello');
    const { models } = first.capabilities;
    const target = { ...first.launch.target, model: first.setup.model ?? 'a-model' };
    const play = await stage.playIn(first.context, { target });
    if (!models) {
      expect(await refusal(play.adapter.start(play.launch))).toBe('UNSUPPORTED');
      expect(await stage.countProcesses(play.handle)).toBe(0);
      return;
    }
    if (first.setup.model === undefined) throw new Error('models are declared, and the harness names none');
    await stage.playToEnd(play);
    if (!play.setup.witness) throw new Error('models are declared, and the harness brings no witness');
    expect((await play.setup.witness()).model).toBe(first.setup.model);
  }),
];
