/**
 * Holds the tables of options in cli.md and offline.md to the help: names, choices and defaults.
 * Leaves out the prose.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allOf, output, part, rowsIn } from './pages.fixtures.js';

const commands = {
  'cli.md': [
    ...['run', 'matrix', 'chain', 'stress', 'list', 'doctor', 'report', 'merge', 'shards'],
    ...[
      'generate',
      'faults',
      'rerun',
      'vmstate',
      'devices',
      'bench',
      'compare',
      'advise',
      'history',
      'board',
    ],
    'agent',
  ],
  'offline.md': ['scan', 'inspect', 'diff', 'export'],
};

interface HelpedOption {
  /** such as `-j` and `--jobs` */
  readonly names: readonly string[];
  readonly choices: readonly string[];
  readonly usual: string | undefined;
}

const option = /(?<![\w-])(--?[A-Za-z][\w-]*)/g;

/**
 * Of each option in a command's help; a text that is too long for its line goes on below, further
 * to the right.
 */
function optionsIn(help: string): HelpedOption[] {
  const [text = ''] = help.split('\nExamples:\n');
  return text
    .replaceAll(/\n {10,}(?=\S)/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const [, names, notes = ''] = /^ {2}(-\S.*?)(?: {2}.*?(?:\(([^()]*)\))?)?$/.exec(line) ?? [];
      if (names === undefined || names.includes('--help')) return [];
      const [, listed = '', usual] = /^(.*?)(?:(?:^|; )default: (.*))?$/.exec(notes) ?? [];
      const choices = /^[\w-]+(?:, [\w-]+)+$/.test(listed) ? listed.split(', ') : [];
      return [{ names: allOf(option, names), choices, usual }];
    });
}

for (const [page, ofPage] of Object.entries(commands)) {
  for (const command of ofPage) {
    test(`${page} has a row for every option of drover ${command}, with its choices and default`, async () => {
      const shared = page === 'offline.md' ? part(page, '### How a source is read') : '';
      const rows = rowsIn(part(page, `## drover ${command}`) + shared)
        .filter(([first = '']) => first.startsWith('`-'))
        .map(([first = '', text = '']) => ({ names: allOf(option, first), text }));
      const help = await output(command, '--help');
      assert.doesNotMatch(help, /default: (?:[[{"]|\d{6})/, 'defaults are as a user types them');
      assert.match(help, /\nExamples:\n/);
      const real = optionsIn(help);
      assert.ok(real.length > 0, 'the help shows options');
      assert.deepEqual(
        rows.flatMap(({ names }) => names).sort(),
        real.flatMap(({ names }) => names).sort(),
      );
      for (const { names, choices, usual } of real) {
        const { text = '' } = rows.find((row) => row.names.includes(names[0] ?? '')) ?? {};
        if (text.startsWith('as for ')) continue;
        const missing = choices.filter((choice) => !text.includes(`\`${choice}\``));
        // A row may leave all of them to another part of the page, never some.
        if (missing.length < choices.length) assert.deepEqual(missing, [], String(names));
        const said = /default: `?([\w./-]*[\w/])|`([^`]*)` \(default/.exec(text);
        if (said === null || usual === undefined || !/^\w+$/.test(usual)) continue;
        assert.equal((said[1] ?? said[2])?.replace(/\[.*/, ''), usual, String(names));
      }
    });
  }
}
