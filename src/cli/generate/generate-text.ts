/** What `drover generate` prints of its choice, and beside the results of its tests. */
import { counted, formatCount } from '../../model/text/format.js';
import { printableLine } from '../../model/text/printable.js';
import type { Combination } from '../../migration/generated/combination.js';
import { leftOut } from '../../migration/generated/factors.js';
import type { Learnt } from '../../migration/generated/learn.js';
import { appliesTo, ruleText, rules } from '../../migration/generated/rules.js';
import type { AfterRun } from './after-run.js';
import { coverageBy } from './choose-tests.js';
import type { ChosenCombinations } from './choose-tests.js';
import { isMigrated, isRefused } from './results.js';
import type { Results } from './results.js';

export function choiceLine(chosen: ChosenCombinations, how: string): string {
  const { combinations, learnt, space, isAsked } = chosen;
  const varying = space.factors.filter(({ values }) => values.length > 1).length;
  const asked = isAsked ? '' : '; not all of them were shown to QEMU before';
  return `${counted(combinations.length, 'combination')} of ${counted(varying, 'factor')}, ${how}; QEMU refuses ${learnt.length} of them${asked}`;
}

/** For `--list`. */
export function choiceLines(chosen: ChosenCombinations): string[] {
  const { available, learnt } = chosen;
  const offered = new Set(available.offered);
  const applying = rules.filter((rule) => appliesTo(rule, offered));
  const isThere = (name: string): boolean => offered.has(`capability ${name}`);
  return [
    'known not to go together:',
    ...applying.map((rule) => `  ${ruleText(rule)}`),
    ...refusedLines('refused by QEMU, each at its smallest:', learnt),
    'values that are left out:',
    ...available.leftOut.map(({ value, why }) => `  ${printableLine(`${value}: ${why}`)}`),
    ...Object.entries(leftOut)
      .filter(([name]) => isThere(name))
      .map(([name, why]) => `  ${name}: ${why}`),
  ];
}

const worded = (combination: Combination): string =>
  combination.unusual.map(({ value }) => value).join(' + ') || 'usual values';

function refusedLines(title: string, learnt: readonly Learnt[]): string[] {
  if (learnt.length === 0) return [];
  return [
    title,
    ...learnt.map(
      ({ combination, refused }) =>
        `  ${printableLine(`${worded(combination)}: ${refused.words}`)}`,
    ),
  ];
}

const sets: Readonly<Record<number, string>> = { 2: 'pairs of values', 3: 'sets of three values' };

/** After the results. */
export function summaryLines(
  chosen: ChosenCombinations,
  results: Results,
  after: AfterRun,
  nameOf: (combination: Combination) => string,
): string[] {
  const all = results.all;
  if (all.length === 0) return [];
  const migrated = all.filter(isMigrated).map(({ combination }) => combination);
  const { covered, total } = coverageBy(after.space, chosen.strength, migrated);
  const refused = all.filter(isRefused).length;
  return [
    '',
    `${sets[chosen.strength] ?? 'values'}: ${formatCount(covered)} of ${formatCount(total)} that go together, in ${counted(migrated.length, 'migration')}; ${counted(refused, 'combination')} refused`,
    ...refusedLines('refused by QEMU, each at its smallest:', [...chosen.learnt, ...after.learnt]),
    ...after.smallest.flatMap(({ combination, failure, rerun, tests, tries, isSmallest }) => [
      printableLine(`FAIL   ${worded(combination)}: ${failure.code}: ${failure.message}`),
      `    ${isSmallest ? 'the smallest combination that fails so' : 'there was no time to make it smaller'}; ${counted(tests, 'test')} of the run, ${counted(tries, 'try', 'tries')}`,
      `    run again   ${rerun}`,
    ]),
    ...after.unsteady.map((each) => `failed once, and not again when tried alone: ${nameOf(each)}`),
    ...after.notSearched.map((each) => `no time to make it smaller (--search): ${nameOf(each)}`),
  ];
}
