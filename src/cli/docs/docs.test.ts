/**
 * Holds the documentation to what the program and its source say. Leaves out whether it reads well.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { faultCases } from '../../migration/faults/fault-table.js';
import type { FaultCase } from '../../migration/faults/fault-table.js';
import { hookEntries } from '../../migration/migrate-common.js';
import { pairShape } from '../../migration/pair-settings.js';
import { eventSchema } from '../../model/events.js';
import { needShape } from '../../model/features.js';
import { hostFactNames } from '../../model/host-facts.js';
import { packageRoot } from '../../model/scratch.fixtures.js';
import { factEntries } from '../../suite/definition.js';
import { readEnvironment } from '../process/environment.js';
import { allOf, output, part, read, reference, rowsIn } from './pages.fixtures.js';

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(path.join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));
}

/**
 * Asks for the environment with variables that say no more than `job`, and notes each name that is
 * looked up.
 */
function variablesRead(job: Record<string, string>): string[] {
  const names = new Set<string>();
  const get = (target: Record<string, string>, name: string | symbol): string | undefined => {
    if (typeof name === 'string') names.add(name);
    return target[String(name)];
  };
  readEnvironment(new Proxy(job, { get }));
  return [...names];
}

test('cli.md names every environment variable that is read', () => {
  const jobs: Record<string, string>[] = [{}, { GITHUB_ACTIONS: 'true' }, { GITLAB_CI: 'true' }];
  const names = new Set(jobs.flatMap(variablesRead));
  for (const known of ['QTEST_QEMU_BINARY', 'GITHUB_STEP_SUMMARY', 'CI_PROJECT_DIR']) {
    assert.ok(names.has(known), `${known} is seen to be read`);
  }
  const page = reference('cli.md');
  assert.deepEqual(
    [...names].filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

test('tests.md has a row for every test, with its level and needs, and no row for another', async () => {
  const listed = (await output('list'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  const documented = rowsIn(reference('tests.md'))
    .filter(([first = '']) => first.startsWith('`/'))
    .map((row) => row.slice(0, 3).map((cell) => cell.replaceAll('`', '')));
  const byName = (a: string[], b: string[]): number => (a[0] ?? '').localeCompare(b[0] ?? '');
  assert.deepEqual(
    documented.sort(byName),
    listed.map(([name = '', level = '', needs = '']) => [name, level, needs]).sort(byName),
  );
});

/** Every node of a source file, as the compiler parses it. */
function nodesOf(file: string): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest));
  return nodes;
}

/** the strings that an expression can be: itself, or those of both branches */
function stringsOf(value: ts.Expression | undefined): string[] {
  if (value === undefined) return [];
  if (ts.isStringLiteral(value)) return [value.text];
  return ts.isConditionalExpression(value)
    ? [...stringsOf(value.whenTrue), ...stringsOf(value.whenFalse)]
    : [];
}

const namedBy = (node: ts.Node | undefined, name: string): boolean =>
  node !== undefined && ts.isIdentifier(node) && node.text === name;

/**
 * Codes in the source: values of a property `code`, and arguments of the functions that make
 * errors.
 */
function codesInSource(): string[] {
  const codes = filesBelow('src', '.ts')
    .filter((file) => !/\.(test|fixtures)\.ts$/.test(file))
    .flatMap(nodesOf)
    .flatMap((node) => {
      if (ts.isPropertyAssignment(node) && namedBy(node.name, 'code')) {
        return stringsOf(node.initializer);
      }
      return ts.isCallExpression(node) &&
        ['usage', 'usageError', 'contractError'].some((name) => namedBy(node.expression, name))
        ? stringsOf(node.arguments[0])
        : [];
    });
  // Another function of that name is given a message.
  return [...new Set(codes)].filter((code) => /^[a-z0-9-]+$/.test(code)).sort();
}

test('outcomes.md has a row for every failure code in the source, and no row for another', () => {
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

test('events.md has a row for every type of event, and the schema number', () => {
  const page = reference('events.md');
  const { definitions } = JSON.parse(reference('events.schema.json')) as {
    definitions: Record<string, { properties?: { type?: { const?: string } } }>;
  };
  const types = Object.values(definitions)
    .flatMap(({ properties }) => properties?.type?.const ?? [])
    .sort();
  assert.ok(types.includes('test-finished'));
  assert.deepEqual(allOf(/^\| `([a-z-]+)` +\|/gm, page), types);
  assert.ok(page.includes(`The schema is number ${eventSchema},`));
});

test('events.md names every field of every event, and no other optional field', () => {
  const { definitions } = JSON.parse(reference('events.schema.json')) as {
    definitions: Record<string, { properties?: Record<string, { const?: string }> }>;
  };
  const page = reference('events.md');
  const [, table = ''] = page.split('\nOptional fields:\n\n');
  let above = '';
  const optional = rowsIn(table.slice(0, table.indexOf('\n\n'))).map(([event = '', names = '']) => {
    if (event !== '') above = event.replaceAll('`', '');
    return { event: above, fields: allOf(/`([a-zA-Z]+)[`.]/g, names) };
  });
  const events = Object.values(definitions).flatMap(({ properties = {} }) => {
    const type = properties['type']?.const;
    return type === undefined ? [] : [{ type, fields: Object.keys(properties) }];
  });
  assert.ok(events.length > 5);
  const everywhere = ['type', 'atMs', 'fromShard', 'test', 'attempt'];
  for (const { type, fields } of events) {
    const main = page.split('\n').find((line) => line.startsWith(`| \`${type}\` `)) ?? '';
    const named = optional.filter(({ event }) => event === type).flatMap((row) => row.fields);
    assert.deepEqual(
      named.filter((field) => !fields.includes(field)),
      [],
      type,
    );
    assert.deepEqual(
      fields.filter(
        (field) => ![...everywhere, ...named].includes(field) && !main.includes(`\`${field}\``),
      ),
      [],
      type,
    );
  }
});

test('authoring.md has a row for every field of a test', () => {
  const page = reference('authoring.md');
  const fields = [factEntries, pairShape.entries, hookEntries].flatMap((all) => Object.keys(all));
  assert.ok(fields.length > 30);
  assert.deepEqual(
    fields.filter((field) => !new RegExp(`^\\|.*\`${field}\`.*\\|`, 'm').test(page)),
    [],
  );
});

test('authoring.md has a row for every need, with its fields, and no row for another', () => {
  const real = needShape.options.map(({ entries: { kind, ...fields } }) =>
    [`kind: '${kind.literal}'`, ...Object.keys(fields)].join(', '),
  );
  assert.deepEqual(
    allOf(/^\| `\{ (kind: .*?) \}` +\|/gm, part('authoring.md', '## Needs')),
    real.sort(),
  );
});

test('authoring.md names every fact about the host', () => {
  const page = reference('authoring.md');
  assert.deepEqual(
    hostFactNames.filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

test('the synopsis of cli.md has every command, and no other', async () => {
  const commands = allOf(/^ {2}([a-z]+) +\S/gm, await output('--help')).filter(
    (name) => name !== 'help',
  );
  assert.ok(commands.length > 14, commands.join(' '));
  assert.deepEqual(allOf(/^drover ([a-z]+)/gm, reference('cli.md')), commands);
});

test('authoring.md names everything that drover exports', async () => {
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

test('the glossary is in alphabetical order, with each term once', () => {
  const terms = [...reference('glossary.md').matchAll(/^- (\*\*.*?\*\*(?: \(.*?\))?)/gm)].map(
    ([, term = '']) => term.replaceAll('*', '').toLowerCase(),
  );
  assert.ok(terms.length > 50);
  assert.deepEqual(
    terms,
    [...new Set(terms)].sort((a, b) => a.localeCompare(b, 'en')),
  );
});

test('every link between pages leads to a file, and to a heading that is there', () => {
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

test('tests.md says of every fault on the connections which ends are allowed', () => {
  const rows = rowsIn(part('tests.md', '## Faults on the connections')).map(
    ([name = '', profile = '', , before = '', rung = '', after = '']) =>
      [name.replaceAll('`', ''), profile, before, rung, after].join(' | '),
  );
  const real = Object.entries<FaultCase>(faultCases).map(
    ([name, { profile, before, rungs, after, hazard }]) =>
      [
        ...[name, profile, before.join(' or '), rungs.join(' or ')],
        after.join(' or ') + (hazard === undefined ? '' : ` (hazard: ${hazard})`),
      ].join(' | '),
  );
  assert.deepEqual(rows.sort(), real.sort());
});
