/**
 * Commander's commands as plain data for the scripts of the shells: names, descriptions, and what
 * may follow each option. Pure.
 */
import type { Argument, Command, Option } from 'commander';

/** What follows an option, or stands as an argument. */
export type Expected =
  /** nothing follows */
  | { readonly kind: 'nothing' }
  /** a number, a size, a name: nothing that a shell could offer */
  | { readonly kind: 'value' }
  | { readonly kind: 'file' }
  /** the path of a test */
  | { readonly kind: 'test' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

export interface CompletedOption {
  /** `-x` and `--skip-prefix`, in this order where there are both */
  readonly names: readonly string[];
  readonly description: string;
  readonly expected: Expected;
}

export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** of all its arguments alike */
  readonly argument: Expected;
}

export interface CompletedProgram {
  readonly name: string;
  readonly options: readonly CompletedOption[];
  readonly commands: readonly CompletedCommand[];
  /** paths of tests without architecture, such as precopy/unix/plain */
  readonly tests: readonly string[];
}

export function completionTree(program: Command, tests: readonly string[]): CompletedProgram {
  const commands = commandsOf(program).map((command): CompletedCommand => {
    const [argument] = command.registeredArguments;
    const isHelp = command.name() === 'help';
    return {
      name: command.name(),
      description: command.description(),
      options: optionsOf(command),
      argument: isHelp
        ? { kind: 'choice', choices: program.commands.map((each) => each.name()) }
        : ofArgument(argument),
    };
  });
  return { name: program.name(), options: optionsOf(program), commands, tests };
}

/** With the help command, which commander keeps apart. */
const commandsOf = (program: Command): readonly Command[] =>
  program.createHelp().visibleCommands(program);

function optionsOf(command: Command): CompletedOption[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      names: [option.short, option.long].filter((name) => name !== undefined),
      description: option.description,
      expected: ofOption(option),
    }));
}

/** values that are files, by their names in the help */
const fileNames = /^(file|dir|folder|command|format=file)$/;

function ofOption(option: Option): Expected {
  if (!option.required && !option.optional) return { kind: 'nothing' };
  if (option.argChoices !== undefined) return { kind: 'choice', choices: option.argChoices };
  const [, name = ''] = /[<[](.+?)[>\]]/.exec(option.flags) ?? [];
  if (name === 'path') return { kind: option.long === '--tests' ? 'file' : 'test' };
  return { kind: fileNames.test(name) ? 'file' : 'value' };
}

function ofArgument(argument: Argument | undefined): Expected {
  if (argument === undefined) return { kind: 'nothing' };
  return argument.argChoices === undefined
    ? { kind: 'file' }
    : { kind: 'choice', choices: argument.argChoices };
}
