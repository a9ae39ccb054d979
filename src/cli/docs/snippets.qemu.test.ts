/**
 * Does what "Write a migration test" says, in order: writes the files, runs the commands, and
 * compares what they print with what the page shows. All its modules are typechecked too.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { splitWords } from '../../model/shell.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

interface Snippet {
  readonly language: string;
  readonly text: string;
}

const page = readFileSync(path.join(packageRoot, 'docs/how-to/write-a-migration-test.md'), 'utf8');
const snippets: readonly Snippet[] = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
  ([, language = '', text = '']) => ({ language, text }),
);

/** the first line of a module names its file */
function fileOf({ text }: Snippet): string {
  const name = /^\/\/ ([\w/-]+\.m[jt]s)\n/.exec(text)?.[1];
  assert.ok(name !== undefined, `the first line names a file: ${text}`);
  return name;
}

const isModule = ({ language }: Snippet): boolean => language === 'js' || language === 'ts';

/** `...` stands for anything, and figures that change from run to run for each other */
function patternOf(line: string): RegExp {
  const literal = line
    .trim()
    .replaceAll(/[\\^$*+?()[\]{}|.]/g, String.raw`\$&`)
    .replaceAll(String.raw`\.\.\.`, '.*')
    .replaceAll(/\d+(\\\.\d+)? (s|ms)\b/g, String.raw`[\d.]+ $2`)
    .replaceAll(/(expected|found) \d+/g, String.raw`$1 \d+`);
  return new RegExp(literal);
}

/** All lines of `shown` come in `printed`, in this order. */
function requireShown(shown: string, printed: string): void {
  const lines = printed.split('\n');
  for (const line of shown.trimEnd().split('\n')) {
    const pattern = patternOf(line);
    const at = lines.findIndex((each) => pattern.test(each));
    assert.ok(at >= 0, `not printed, or not in this order:\n${line}\nin:\n${printed}`);
    lines.splice(0, at + 1);
  }
}

const qemu = realQemu('10.0');
const walk = snippets.map((snippet, index) => ({ snippet, next: snippets[index + 1] }));

test('the page can be followed from top to bottom', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const cwd = realpathSync(scratch.directory);
  const env = { QTEST_QEMU_BINARY: qemu.command };
  let commands = 0;
  for (const { snippet, next } of walk) {
    if (isModule(snippet)) {
      const file = path.join(cwd, fileOf(snippet));
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, snippet.text);
    } else if (snippet.language === 'sh') {
      const [program, ...args] = splitWords(snippet.text.trim()).map(({ text }) => text);
      assert.equal(program, 'drover');
      assert.equal(next?.language, 'text', 'what a command prints is shown');
      const { stdout, stderr } = await drover(args, scratch, env, cwd);
      requireShown(next.text, `${stdout}\n${stderr}`);
      commands++;
    }
  }
  assert.ok(commands > 7);
  assert.deepEqual(scratch.processes(), []);
});

test('all modules of the page are correctly typed', () => {
  using scratch = new Scratch();
  const stages = snippets.filter(isModule).map((snippet, index) => {
    // each stage beside the last states of the others, in a folder of its own
    const folder = path.join(scratch.directory, String(index));
    for (const each of [...snippets.filter(isModule), snippet]) {
      const file = path.join(folder, fileOf(each));
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, each.text);
    }
    return path.join(folder, fileOf(snippet));
  });
  const program = ts.createProgram(stages, {
    strict: true,
    noEmit: true,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    typeRoots: [path.join(packageRoot, 'node_modules', '@types')],
    paths: { drover: [path.join(packageRoot, 'dist', 'suite', 'api.d.ts')] },
  });
  const found = ts.getPreEmitDiagnostics(program);
  assert.deepEqual(
    found.map(({ file, messageText }) => [
      file?.fileName,
      ts.flattenDiagnosticMessageText(messageText, ' '),
    ]),
    [],
  );
});

test('the comparison itself notices what is missing, out of order or different', () => {
  requireShown('a 1.5 s\nb ... d', 'x\na 22 s\nb c d');
  assert.throws(() => requireShown('a\nb', 'b\na'), /not printed, or not in this order/);
  assert.throws(() => requireShown('ok 1 passed', 'ok 2 passed'));
});
