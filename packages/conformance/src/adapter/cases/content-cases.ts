import { maxEventTextChars } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { hugeChars, secretVariable, unicodeText } from '../scenarios.ts';
import { spoken } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';

export const contentCases: readonly Case[] = [
  verifies('events.unicode', async (stage) => {
    const play = await stage.play('unicode');
    const { tape } = await stage.playToEnd(play);
    expect(spoken(tape.events, play.capabilities)).toContain(unicodeText);
  }),
  verifies('events.huge', async (stage) => {
    const play = await stage.play('huge');
    const { tape } = await stage.playToEnd(play);
    const text = spoken(tape.events, play.capabilities);
    expect(text.match(/x+ end/)?.[0].length, 'characters that came through').toBe(hugeChars + ' end'.length);
    for (const event of tape.events) {
      if ('text' in event && typeof event.text === 'string')
        expect(event.text.length).toBeLessThanOrEqual(maxEventTextChars);
    }
  }),
  verifies('events.malformed', async (stage) => {
    const play = await stage.play('malformed');
    const { tape } = await stage.playToEnd(play);
    const types = tape.events.map((event) => event.type);
    expect(types).toContain('output.quarantined');
    expect(spoken(tape.events, play.capabilities)).toContain('still here');
  }),
  verifies('events.secrets', async (stage) => {
    const secret = 'tok-4f9a-"quoted"-7c1e88d2';
    const play = await stage.play('secret', { env: { [secretVariable]: secret }, secrets: [secret] });
    const { tape } = await stage.playToEnd(play);
    const replay = stage.record(await stage.recovered(play, 'ended'));
    await replay.end();
    for (const { events } of [tape, replay]) {
      const text = spoken(events, play.capabilities);
      expect(text).toContain('token=');
      expect(text).toContain(' given');
      for (const hidden of [secret, JSON.stringify(secret).slice(1, -1)]) {
        expect(JSON.stringify(events).includes(hidden), 'the secret is in the events').toBe(false);
        expect(text.includes(hidden), 'the secret is in the text').toBe(false);
      }
    }
  }),
];
