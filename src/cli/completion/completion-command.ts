/** `drover completion`: the completion script of a shell, made of the commands themselves. */
import { Argument } from 'commander';
import { allTests } from '../../suite/registry.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { exitCodes } from '../process/exit-codes.js';
import { print } from '../process/print.js';
import { bashCompletion } from './bash-completion.js';
import { completionTree } from './completion-tree.js';
import type { CompletedProgram } from './completion-tree.js';
import { fishCompletion } from './fish-completion.js';
import { zshCompletion } from './zsh-completion.js';

const shells: Readonly<Record<string, (program: CompletedProgram) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** As -p takes them: without architecture, and without what they all begin with. */
const testPaths = (): string[] =>
  [...new Set(allTests.map(({ path }) => path.replace(/^\/migration\//, '')))].sort();

export const addCompletionCommand: AddCommand = (program, _environment, finish) => {
  const command = program
    .command('completion')
    .description('print the completion script of a shell: commands, options, their values, tests')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .action(async (shell: string) => {
      const tree = completionTree(program, testPaths());
      await print(shells[shell]?.(tree) ?? '');
      finish(exitCodes.passed);
    });
  withExamples(command, {
    'source <(drover completion bash)': 'in ~/.bashrc',
    'source <(drover completion zsh)': 'in ~/.zshrc, after compinit',
    'drover completion fish > ~/.config/fish/completions/drover.fish': 'once, for fish',
  });
};
