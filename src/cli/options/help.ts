/**
 * What every command has: how it is added, and how `--help` shows its options and examples as a
 * user types them. Pure.
 */
import type { Command, Option } from 'commander';
import type { Environment } from '../process/environment.js';

/** Adds a command to the program. Its action gives the exit code to `finish`. */
export type AddCommand = (
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
) => void;

/**
 * commander writes defaults as JSON; here a list that starts empty has none, and units come from
 * the option.
 */
export function optionText(option: Option): string {
  const { description, argChoices, defaultValueDescription } = option;
  const defaultValue: unknown = option.defaultValue;
  const isPlain = typeof defaultValue === 'number' || typeof defaultValue === 'string';
  const usual = defaultValueDescription ?? (isPlain ? String(defaultValue) : undefined);
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(usual === undefined ? [] : [`default: ${usual}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

/** @param lines what to type, and what it does */
export function withExamples(command: Command, lines: Readonly<Record<string, string>>): Command {
  const text = Object.entries(lines).map(([typed, does]) => `  ${typed}\n      ${does}\n`);
  return command.addHelpText('after', `\nExamples:\n${text.join('').trimEnd()}`);
}
