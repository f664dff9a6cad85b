import { AgentRuntimeError } from '@runtime/contracts';
import { usageError } from './usage-error.ts';

/**
 * The value of an option whose parser takes long to load, parsed by the body of its command: `option` is the command and
 * the option as they are typed, `list --status`. The error for a bad value names the option, as that of every other.
 */
export function optionValue<T>(option: string, text: string | undefined, parse: (text: string) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    const { rawMessage, hint } = AgentRuntimeError.from(error);
    const [name, flag] = option.split(' ');
    throw usageError(`${flag}: ${rawMessage}`, hint ?? `runtime ${name} --help shows its arguments and options`);
  }
}
