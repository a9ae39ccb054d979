/** The completion scripts, each in its real shell; skipped where the shell is not installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { folderFor } from '../../model/scratch.fixtures.js';
import { droverCommand } from '../process/drover.fixtures.js';

/** The script of `shell` in a file, in a folder with one more file; undefined after a skip. */
function scriptFor(t: TestContext, shell: string): string | undefined {
  if (spawnSync(shell, ['-c', 'exit 0']).status !== 0) {
    t.skip(`${shell} is not installed`);
    return undefined;
  }
  const folder = folderFor(t);
  const script = path.join(folder, `completion.${shell}`);
  const [node = '', ...main] = droverCommand;
  const text = execFileSync(node, [...main, 'completion', shell]);
  writeFileSync(script, text);
  writeFileSync(path.join(folder, 'damaged file.mig'), '');
  return script;
}

function ask(script: string, program: string, words: readonly string[]): string[] {
  const cwd = path.dirname(script);
  const output = execFileSync(program, words, { cwd, encoding: 'utf8', timeout: 60_000 });
  return output.split('\n').filter((line) => line !== '');
}

test('bash completes commands, options, their values and paths of tests', (t) => {
  const script = scriptFor(t, 'bash');
  if (script === undefined) return;
  const complete = (...words: string[]): string[] => {
    const code =
      'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _drover; printf "%s\\n" "${COMPREPLY[@]}"';
    return ask(script, 'bash', ['-c', code, script, ...words]);
  };
  assert.deepEqual(complete('drover', 'be'), ['bench']);
  assert.deepEqual(complete('drover', 'run', '--acc'), ['--accel']);
  assert.deepEqual(complete('drover', 'run', '--accel', ''), ['auto', 'tcg', 'kvm']);
  assert.deepEqual(complete('drover', 'run', '--accel', '=', 'k'), ['kvm']);
  assert.deepEqual(complete('drover', 'run', '-p', 'multifd/tcp/u'), [
    'multifd/tcp/uri/plain/none',
  ]);
  assert.deepEqual(complete('drover', 'run', '--timeout', ''), []);
  assert.deepEqual(complete('drover', 'scan', 'dam'), [], 'left to bash');
});

test('fish completes commands, options, their values, paths of tests and files', (t) => {
  const script = scriptFor(t, 'fish');
  if (script === undefined) return;
  const complete = (line: string): string[] =>
    ask(script, 'fish', ['--no-config', '-c', `source ${script}; complete -C '${line}'`]).map(
      (answer) => answer.split('\t')[0]?.replaceAll('\\', '') ?? '',
    );
  assert.deepEqual(complete('drover be'), ['bench']);
  assert.deepEqual(complete('drover run --acc'), ['--accel']);
  assert.deepEqual(complete('drover run --accel ').sort(), ['auto', 'kvm', 'tcg']);
  assert.deepEqual(complete('drover run -p multifd/tcp/u'), ['multifd/tcp/uri/plain/none']);
  assert.deepEqual(complete('drover scan dam'), ['damaged file.mig']);
  assert.deepEqual(complete('drover run dam'), []);
});

/** Starts a zsh on a terminal, types each line and TAB, and prints what then stands in the line. */
const zshDriver = `
zmodload zsh/zpty || exit 77
zpty inner zsh -f -i
zpty -w inner 'PS1=; autoload -Uz compinit; compinit -D -u; source '$1'; say() { print -r -- "<<$BUFFER>>"; BUFFER=; }; zle -N say; bindkey "^X" say; print rea"dy"'
zpty -r inner answer '*ready*'
shift
for line; do
  zpty -w -n inner $line$'\\t\\x18'
  zpty -r inner answer '*<<*>>*'
  print -r -- \${\${answer##*<<}%%>>*}
done
zpty -d inner
`;

test('zsh completes commands, options, their values, paths of tests and files', (t) => {
  const script = scriptFor(t, 'zsh');
  if (script === undefined) return;
  const driver = path.join(path.dirname(script), 'driver.zsh');
  writeFileSync(driver, zshDriver);
  const typed = {
    'drover be': 'drover bench ',
    'drover run --acc': 'drover run --accel=',
    'drover run --accel k': 'drover run --accel kvm ',
    'drover run -p multifd/tcp/u': 'drover run -p multifd/tcp/uri/plain/none ',
    'drover scan --level=p': 'drover scan --level=page ',
    'drover scan dam': 'drover scan damaged\\ file.mig ',
    'drover help hi': 'drover help history ',
  };
  const answers = ask(script, 'zsh', ['-f', driver, script, ...Object.keys(typed)]);
  assert.deepEqual(answers, Object.values(typed));
});
