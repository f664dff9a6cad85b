import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime completion`, which is returned, and `runtime complete`, which the shells call. */
export function registerCompletion(parent: Command, deps: CliDependencies): Command {
  const completion = addCommand(parent, deps, {
    usage: 'completion <shell>',
    description: 'print the completion for a shell: bash, zsh or fish',
    details:
      'bash: add  source <(runtime completion bash)  to ~/.bashrc. zsh: the same with zsh, in ~/.zshrc, after compinit. fish: runtime completion fish > ~/.config/fish/completions/runtime.fish',
    examples: ['completion bash', 'completion zsh', 'completion fish'],
    body: async (...given) => (await import('../commands/completion.ts')).completion(...given),
  });
  completion.registeredArguments[0]?.choices(['bash', 'zsh', 'fish']);
  parent
    .command('complete [words...]', { hidden: true })
    .description('what may stand at the end of these words, for shells')
    .allowUnknownOption()
    .action(async (words: string[]) => (await import('../commands/completion.ts')).complete(parent, deps, words));
  return completion;
}
