import { Command, CommanderError } from 'commander';
import type { CliDependencies } from '../../src/host/dependencies.ts';
import type { Mount } from '../../src/mount.ts';
import { registerCommands } from '../../src/register-commands.ts';
import { Sink, type Lab } from './lab.ts';

/** What came of a line that was typed at a host. */
export interface Typed {
  /** What the commands passed to `exit`. */
  readonly codes: readonly number[];
  /** What the commands wrote. */
  readonly stdout: string;
  readonly stderr: string;
  /** What the host's own program wrote. */
  readonly own: string;
  /** What came out of the host's `parse`: an error, whose exit code a host takes. */
  readonly thrown: CommanderError | undefined;
  /** What the host's own command was called with. */
  readonly called: readonly unknown[];
}

/** How the commands stand in the host. */
export interface HostOptions {
  readonly deps?: Partial<CliDependencies>;
  readonly mount?: Partial<Mount>;
  /** Where the commands are added. @default the host's command `agents` */
  readonly parent?: (host: Command) => Command;
}

/**
 * A host with its own commands, its own ways to exit and to write, and options that are called as the common ones are.
 */
export function makeHost(deps: CliDependencies, { mount, parent = agentsOf }: Omit<HostOptions, 'deps'> = {}) {
  let own = '';
  const called: unknown[] = [];
  const write = (text: string): void => void (own += text);
  const host = new Command('host')
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write })
    .option('--json', 'of the host')
    .option('--config <path>', 'of the host', 'host.toml')
    .option('-p, --profile <name>', 'of the host')
    .option('--no-color', 'of the host');
  host
    .command('greet <name>')
    .description('a command of the host')
    .option('--loud', 'of the host')
    .action(
      (name: string, options: unknown, command: Command) => void called.push(name, options, command.parent?.opts()),
    );
  registerCommands(parent(host), deps, mount);
  return { host, called, written: () => own };
}

const agentsOf = (host: Command): Command => host.command('agents').description('agents of the host');

/** Types a line at a host whose commands work in a lab. */
export async function typeAt(lab: Lab, line: readonly string[], options: HostOptions = {}): Promise<Typed> {
  const codes: number[] = [];
  const [stdout, stderr] = [new Sink(), new Sink()];
  const deps = lab.dependencies({ stdout, stderr, exit: (code) => void codes.push(code), ...options.deps });
  const { host, called, written } = makeHost(deps, options);
  let thrown: CommanderError | undefined;
  try {
    await host.parseAsync(['node', 'host', ...line]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    thrown = error;
  }
  return { codes, stdout: stdout.text, stderr: stderr.text, own: written(), thrown, called };
}
