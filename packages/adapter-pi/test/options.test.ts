import { describe, expect, test } from 'vitest';
import { pi, type PiOptions } from '../src/index.ts';

/** The error of options that TypeScript would refuse as well, when it is asked. */
function refusal(options: object): unknown {
  try {
    pi(options);
  } catch (error) {
    return error;
  }
  throw new Error('the options were accepted');
}

describe('the options of pi()', () => {
  test.each([
    ['an id that is none', { id: 'Bad ID!' }, /id: .*lower-case.*"Bad ID!"/],
    ['an empty command', { command: [] }, /command: .*program.*a list of 0/],
    ['a command without a program', { command: [''] }, /command: .*program.*a list of 1/],
    ['a NUL character in an argument', { args: ['--tools', 'a\0b'] }, /args\.1: .*NUL/],
    ['a command that is no list', { command: 'pi' }, /command: .*expected array.*"pi"/],
    ['a negative time', { startupMs: -5 }, /startupMs: .*>=1.*-5/],
    ['a time that no timer can wait for', { startupMs: 2 ** 31 }, /startupMs: .*2147483647.*2147483648/],
    ['a text for a switch', { offline: 'yes' }, /offline: .*boolean.*"yes"/],
    ['a misspelt option', { comand: ['pi'] }, /key: "comand"/],
  ])('name the option, what is expected and what was got, of %s', (_what, options, message) => {
    expect(refusal(options)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/id, command, args, /),
    });
  });

  test('name everything that is wrong at once', () => {
    const error = refusal({ id: 'Bad ID!', command: [], startupMs: -5 });
    for (const name of ['id', 'command', 'startupMs']) expect(String(error)).toContain(`${name}: `);
  });

  test('are all optional, and one that is undefined counts as left out', () => {
    expect(pi().id).toBe('pi');
    expect(pi({ id: undefined, args: undefined } as unknown as PiOptions).id).toBe('pi');
    expect(pi({ id: 'pi-2', command: ['node', 'pi.js'], args: [''], startupMs: 1 }).id).toBe('pi-2');
  });
});
