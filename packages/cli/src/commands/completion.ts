import { script, ShellCompDirective } from '@bomb.sh/tab';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';
import { createContext } from '../invocation/context.ts';
import { sanitizeLine } from '../sanitize.ts';
import { bashCompletion } from './completion-bash.ts';
import { suggestSources } from './suggestion-sources.ts';
import { findWanted, suggest, type Suggestions } from './suggestions.ts';

const shellSchema = z.enum(['bash', 'zsh', 'fish']);

/** A shell waits for the answer with every key: a slow one is none. */
const answerWithinMs = 2000;

/** `runtime completion`, which is returned, and `runtime complete`, which the shells call. */
export function registerCompletion(parent: Command, deps: CliDependencies): Command {
  const completion = addCommand(parent, deps, {
    usage: 'completion <shell>',
    description: 'print the completion for a shell: bash, zsh or fish',
    details:
      'bash: add  source <(runtime completion bash)  to ~/.bashrc. zsh: the same with zsh, in ~/.zshrc, after compinit. fish: runtime completion fish > ~/.config/fish/completions/runtime.fish',
    examples: ['completion bash', 'completion zsh', 'completion fish'],
    body: async ({ out }, [shell]) => {
      const known = shellSchema.parse(shell);
      if (known === 'bash') return out.write(bashCompletion('runtime'));
      // The library writes to the console by itself.
      script(known, 'runtime', 'runtime');
      return undefined;
    },
  });
  completion.registeredArguments[0]?.choices(shellSchema.options);
  parent
    .command('complete [words...]', { hidden: true })
    .description('what may stand at the end of these words, for shells')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const answer = await suggestionsFor(parent, deps, words);
      const lines = answer.values.map(([value, about]) => `${value}\t${sanitizeLine(about, 60)}\n`);
      deps.stdout.write(`${lines.join('')}:${directives[answer.files]}\n`);
      deps.exit(0);
    });
  return completion;
}

const directives = {
  none: ShellCompDirective.ShellCompDirectiveNoFileComp,
  files: ShellCompDirective.ShellCompDirectiveDefault,
  directories: ShellCompDirective.ShellCompDirectiveFilterDirs,
} as const;

/** Never fails and never starts anything: at worst there is nothing to suggest. */
async function suggestionsFor(parent: Command, deps: CliDependencies, words: readonly string[]): Promise<Suggestions> {
  const nothing: Suggestions = { values: [], files: 'none' };
  const { wanted, options } = findWanted(parent, words);
  const context = createContext(deps, { json: false, quiet: true, verbose: false, ...options });
  const late = new Promise<Suggestions>((resolve) => setTimeout(resolve, answerWithinMs, nothing).unref());
  try {
    return await Promise.race([suggest(wanted, suggestSources(context)), late]);
  } catch {
    return nothing;
  } finally {
    await context.close().catch(() => undefined);
  }
}
