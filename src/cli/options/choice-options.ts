/** Options of commands that choose their tests themselves, by a seed. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { usageError } from '../../model/errors.js';
import { countUpTo } from './options.js';

export interface ChoiceOptions<Level extends string> {
  readonly level?: Level;
  readonly random?: number;
  readonly seed?: number;
  readonly count?: number;
  readonly list?: boolean;
}

const mostRandom = 1e6;
/** so that two runs without an option do the same */
const usualSeed = 1;

export interface ChoiceWords<Level extends string> {
  /** what one of them is called */
  readonly noun: string;
  readonly levels: readonly Level[];
  readonly usualLevel: Level;
  /** what the levels mean */
  readonly levelText: string;
  readonly randomText: string;
  readonly listText: string;
}

export function withChoiceOptions<Level extends string>(
  command: Command,
  { noun, levels, usualLevel, levelText, randomText, listText }: ChoiceWords<Level>,
): Command {
  return command
    .optionsGroup(`Which ${noun}s:`)
    .addOption(
      new Option('--level <name>', levelText).choices(levels).default(undefined, usualLevel),
    )
    .option('--random <count>', randomText, countUpTo(mostRandom))
    .option('--seed <number>', 'of the choice: the same seed chooses the same', countUpTo(2 ** 32))
    .option('--count <count>', `only the first COUNT ${noun}s`, countUpTo(mostRandom))
    .option('--list', listText);
}

/** What was chosen: a level, or a number of random ones. */
export type Choosing<Level extends string> = { readonly seed: number } & (
  | { readonly level: Level; readonly random?: never }
  | { readonly random: number; readonly level?: never }
);

/** @throws HarnessError `two-choices` */
export function choosing<Level extends string>(
  { random, level, seed = usualSeed }: ChoiceOptions<Level>,
  { noun, usualLevel }: Pick<ChoiceWords<Level>, 'noun' | 'usualLevel'>,
): Choosing<Level> {
  if (random === undefined) return { seed, level: level ?? usualLevel };
  if (level === undefined) return { seed, random };
  throw usageError(
    'two-choices',
    `--random ${random} and --level ${level} both choose the ${noun}s: give one of them`,
  );
}

export const choosingText = <Level extends string>(choice: Choosing<Level>): string =>
  `${choice.random === undefined ? `level ${choice.level}` : 'random'}, --seed ${choice.seed}`;
