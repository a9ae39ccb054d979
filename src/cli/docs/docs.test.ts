/** Holds the documentation to what the program and its source say. Leaves out whether it reads well. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { eventSchema } from '../../model/events.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

const read = (...parts: string[]): string => readFileSync(path.join(packageRoot, ...parts), 'utf8');
const reference = (page: string): string => read('docs', 'reference', page);

/** all groups 1 of all matches, each once */
function allOf(pattern: RegExp, text: string): string[] {
  return [...new Set([...text.matchAll(pattern)].flatMap((match) => match[1] ?? []))].sort();
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(path.join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));
}

async function output(...args: string[]): Promise<string> {
  using scratch = new Scratch();
  const ran = await drover(args, scratch);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}

/** `-p`, `-j`, `--jobs` and so on, of one command's help; long ones start a line or follow a comma */
function optionsIn(help: string): string[] {
  const starts = help
    .split('\n')
    .flatMap((line) => /^ {2}(-\S.*?)(?: {2}|$)/.exec(line)?.[1] ?? []);
  const options = starts.flatMap((start) => allOf(/(?<![\w-])(--?[A-Za-z][\w-]*)/g, start));
  assert.ok(options.length > 1, 'the help shows options');
  return options;
}

/** the part of cli.md that is about one command */
function section(command: string): string {
  const found = reference('cli.md')
    .split(/^## /m)
    .find((part) => part.startsWith(`drover ${command}\n`));
  assert.ok(found !== undefined, `cli.md has a section on drover ${command}`);
  return found;
}

const documentedOption = /(?<![\w-])(--?[A-Za-z][\w-]*)/g;

for (const command of [
  'run',
  'matrix',
  'chain',
  'stress',
  'list',
  'doctor',
  'report',
  'merge',
  'shards',
  'rerun',
]) {
  void test(`cli.md has a row for every option of drover ${command}, and no row for another`, async () => {
    const rows = section(command)
      .split('\n')
      .filter((line) => line.startsWith('| `-'));
    const documented = rows.flatMap((row) => allOf(documentedOption, row.split('|')[1] ?? ''));
    const real = optionsIn(await output(command, '--help')).filter(
      (option) => !/^(-h|--help)$/.test(option),
    );
    assert.deepEqual(documented.sort(), real.sort());
  });
}

void test('cli.md names every environment variable that is read', () => {
  const names = allOf(/'([A-Z][A-Z_]{1,})'/g, read('src', 'cli', 'process', 'environment.ts'));
  assert.ok(names.includes('QTEST_QEMU_BINARY'));
  const page = reference('cli.md');
  // LC_ALL is set for QEMU, not read, and told below the table.
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

void test('tests.md has a row for every test, with its level and needs, and no row for another', async () => {
  const listed = (await output('list'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  const rows = reference('tests.md')
    .split('\n')
    .filter((line) => line.startsWith('| `/'));
  const documented = rows.map((row) =>
    row
      .split('|')
      .slice(1, 4)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
  const byName = (a: string[], b: string[]): number => (a[0] ?? '').localeCompare(b[0] ?? '');
  assert.deepEqual(
    documented.sort(byName),
    listed.map(([name = '', level = '', needs = '']) => [name, level, needs]).sort(byName),
  );
});

/**
 * Codes in the source: `code: 'x'`, `code: a ? 'x' : 'y'`, and those that reach the field through the
 * one function that makes usage errors. Types (`readonly code:`) are not values.
 */
function codesInSource(): string[] {
  const codes = filesBelow('src', '.ts')
    .filter((file) => !/\.(test|fixtures)\.ts$/.test(file))
    .flatMap((file) => {
      const text = read(file);
      const values = allOf(/(?<!readonly )\bcode: ([^,\n]*)/g, text);
      return [
        ...values.flatMap((value) => allOf(/'([a-z][a-z0-9-]*)'/g, value)),
        ...allOf(/\busage\(\s*'([a-z][a-z0-9-]*)'/g, text),
      ];
    });
  return [...new Set(codes)].sort();
}

void test('outcomes.md has a row for every failure code in the source, and no row for another', () => {
  const codes = codesInSource();
  for (const known of [
    'deadline',
    'guest-not-running',
    'serial-garbage',
    'qemu-name',
    'ram-range',
  ]) {
    assert.ok(codes.includes(known), `the search finds ${known}`);
  }
  const [, ...tables] = reference('outcomes.md').split(/^## Codes /m);
  assert.deepEqual(allOf(/^\| `([a-z0-9-]+)` +\|/gm, tables.join('\n')), codes);
});

void test('events.md has a row for every type of event, and the schema number', () => {
  const page = reference('events.md');
  const types = allOf(/readonly type: '([a-z-]+)'/g, read('src', 'model', 'events.ts'));
  assert.deepEqual(allOf(/^\| `([a-z-]+)` +\|/gm, page), types);
  assert.ok(page.includes(`The schema is number ${eventSchema},`));
});

void test('authoring.md has a row for every field of a test', () => {
  const page = reference('authoring.md');
  for (const [file, name] of [
    ['src/migration/migrate-common.ts', 'MigrateCommon'],
    ['src/suite/definition.ts', 'TestFacts'],
  ] as const) {
    const body = new RegExp(`interface ${name} \\{(.*?)^\\}`, 'ms').exec(read(file))?.[1] ?? '';
    const fields = allOf(/^ {2}readonly (\w+)\??:/gm, body);
    assert.ok(fields.length > 3, `${name} has fields`);
    assert.deepEqual(
      fields.filter((field) => !new RegExp(`^\\|.*\`${field}\`.*\\|`, 'm').test(page)),
      [],
    );
  }
});

void test('authoring.md names everything that drover exports', async () => {
  const api = Object.keys(await import('../../suite/api.js'));
  assert.ok(api.includes('precopyTest') && api.length > 20);
  const page = reference('authoring.md');
  assert.deepEqual(
    api.filter((name) => !new RegExp(`\`${name}\\b`).test(page)),
    [],
  );
  const exported = JSON.parse(read('package.json')) as { exports: Record<string, object> };
  assert.deepEqual(exported.exports['.'], {
    types: './dist/suite/api.d.ts',
    default: './dist/suite/api.js',
  });
});

void test('every link between pages leads to a file, and to a heading that is there', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...filesBelow('docs', '.md')];
  assert.ok(pages.length > 10);
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  const broken = pages.flatMap((page) =>
    allOf(/\]\(([^)\s]+)\)/g, read(page))
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? page : path.join(path.dirname(page), file);
        if (!existsSync(path.join(packageRoot, target))) return true;
        return (
          anchor !== undefined &&
          !allOf(/^#+ (.*)$/gm, read(target))
            .map(slug)
            .includes(anchor)
        );
      })
      .map((link) => `${page}: ${link}`),
  );
  assert.deepEqual(broken, []);
});
