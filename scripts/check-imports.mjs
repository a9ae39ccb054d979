// Checks the layers and the doors: which folder may import which, and which one file may use a dangerous module.
// Also finds circles of imports and files that are too long. Usage: node scripts/check-imports.mjs [ROOT]
// Leaves out what the compiler and the linter see (unused imports, unresolved modules).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import ts from 'typescript';
import { rowOf } from './layers.mjs';
import { listFiles } from './setup/fingerprint.mjs';

/**
 * A test needs what its subject is used with, so it may look up to the story of a pair (or stay in its own
 * row, when that is higher). Planning, reporting and the command line are never needed to test what is below.
 */
const TEST_REACH = rowOf('migration');

/** Dangerous modules, and the only files that may import them. Tests may import all of them but the addon. */
const MODULE_DOORS = [
  // spawn.ts needs the addon, so what builds a missing addon has a door of its own
  {
    module: /^(node:)?child_process$/,
    door: ['src/qemu/spawn.ts', 'src/cli/process/build-addon.ts'],
  },
  { module: /^piscina$/, door: 'src/schedule/pool.ts' },
  // createRequire is how an addon is loaded under a name that a check cannot see; the second door makes
  // a user's own tests find 'drover', and the compiler for theirs in TypeScript.
  { module: /^(node:)?module$/, door: ['src/native/addon.ts', 'src/suite/user-modules.ts'] },
  { module: /\.node$/, door: 'src/native/addon.ts', closedToTests: true },
];
const PROCESS_DOORS = new Map([
  ['env', 'src/cli/'],
  ['exit', 'src/cli/'],
  ['exitCode', 'src/cli/'],
  ['reallyExit', 'src/cli/'],
  ['dlopen', 'src/native/addon.ts'],
]);

const LONGEST_FILE_LINES = 300;
const COUNTED = /\.(ts|mts|mjs|js|cc|cpp|c|h|hpp|S|ld|sh|cmake)$/;
const COUNTED_FOLDERS = ['src', 'scripts', 'bench', 'native', 'guest', 'CMakeLists.txt'];

/** Tests, and what only tests use. */
const isTest = (file) => /\.(test|fixtures)\.ts$/.test(file);
const opens = (door, file) => (door.endsWith('/') ? file.startsWith(door) : file === door);

/** Every module that `source` names: import, export from, import(), require(), import type. */
function namedModules(source) {
  const found = [];
  const visit = (node) => {
    const literal =
      ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) ||
      (ts.isCallExpression(node) &&
        (node.expression.kind === ts.SyntaxKind.ImportKeyword ||
          /(^|\.)require$/.test(node.expression.getText())) &&
        node.arguments[0]) ||
      (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && node.argument.literal);
    if (literal && ts.isStringLiteralLike(literal))
      found.push({ name: literal.text, node: literal });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const PROCESS_MODULE = /^(node:)?process$/;

/** Uses of guarded members of `process`: process.env, const { env } = process, import { env } from 'node:process'. */
function guardedUses(source) {
  const found = [];
  const note = (name, node) => {
    if (name && PROCESS_DOORS.has(name.text)) found.push({ name: name.text, node });
  };
  const isProcess = (node) =>
    /^(process|globalThis\.process|global\.process)$/.test(node?.getText() ?? '');
  const visit = (node) => {
    if (ts.isPropertyAccessExpression(node) && isProcess(node.expression)) note(node.name, node);
    else if (ts.isElementAccessExpression(node) && isProcess(node.expression))
      note(node.argumentExpression, node);
    else if (
      ts.isVariableDeclaration(node) &&
      ts.isObjectBindingPattern(node.name) &&
      isProcess(node.initializer)
    ) {
      for (const element of node.name.elements) note(element.propertyName ?? element.name, element);
    } else if (ts.isImportDeclaration(node) && PROCESS_MODULE.test(node.moduleSpecifier.text)) {
      const names = node.importClause?.namedBindings;
      if (names && ts.isNamedImports(names)) {
        for (const element of names.elements) note(element.propertyName ?? element.name, element);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The folder below src/ that a file lies in. */
const folderOf = (file) => path.dirname(file).slice('src/'.length);

function layerFault(file, target) {
  const [from, to] = [file, target].map(folderOf);
  if (isTest(target) && !(isTest(file) && target.endsWith('.fixtures.ts'))) {
    return `imports ${target}, which is for tests only`;
  }
  if (!target.startsWith('src/')) return `leaves src/ for ${target}`;
  if (rowOf(to) < 0) return `src/${to} is in no layer: give it a row in scripts/layers.mjs`;
  const reach = isTest(file) ? Math.min(rowOf(from), TEST_REACH) : rowOf(from);
  return rowOf(to) < reach ? `${from} is below ${to} and must not import ${target}` : undefined;
}

const targetOf = (file, name) => path.join(path.dirname(file), name).replace(/\.js$/, '.ts');

function moduleFault(file, name) {
  if (name.startsWith('.') && !name.endsWith('.node')) {
    return layerFault(file, targetOf(file, name));
  }
  const door = MODULE_DOORS.find(({ module }) => module.test(name));
  const doors = [door?.door ?? []].flat();
  if (!door || doors.includes(file) || (isTest(file) && !door.closedToTests)) return undefined;
  return `${name} has ${doors.length === 1 ? 'one door' : 'two doors'}, ${doors.join(' and ')}`;
}

/** All faults of the tree at `root`, as `file:line: what is wrong`. */
export function findFaults(root) {
  const faults = [];
  const graph = new Map();
  for (const file of listFiles(root, 'src', (name) => name.endsWith('.ts'))) {
    const text = readFileSync(path.join(root, file), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const fault = (node, what) => {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      faults.push(`${file}:${line}: ${what}`);
    };
    if (file.split('/').length < 3 || rowOf(folderOf(file)) < 0) {
      fault(source, 'is in no layer: give its folder a row in scripts/layers.mjs');
    }
    const imports = new Set();
    graph.set(file, imports);
    for (const { name, node } of namedModules(source)) {
      if (name.startsWith('.')) imports.add(targetOf(file, name));
      const what = moduleFault(file, name);
      if (what) fault(node, what);
    }
    for (const { name, node } of guardedUses(source)) {
      const door = PROCESS_DOORS.get(name);
      if (!isTest(file) && !opens(door, file)) fault(node, `process.${name} has one door, ${door}`);
    }
  }
  return [...faults, ...findCircles(graph), ...findLongFiles(root)];
}

/** Each circle of imports once, types' imports included, named by the file where it was met first. */
function findCircles(graph) {
  const faults = [];
  const finished = new Set();
  const visit = (file, trail) => {
    if (trail.includes(file)) {
      const circle = [...trail.slice(trail.indexOf(file)), file];
      faults.push(`${file}:1: imports go in a circle: ${circle.join(' -> ')}`);
      return;
    }
    if (finished.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return faults;
}

function findLongFiles(root) {
  return COUNTED_FOLDERS.flatMap((folder) => listFiles(root, folder, (name) => COUNTED.test(name)))
    .map((file) => ({
      file,
      lines: readFileSync(path.join(root, file), 'utf8').trimEnd().split('\n').length,
    }))
    .filter(({ lines }) => lines > LONGEST_FILE_LINES)
    .map(
      ({ file, lines }) =>
        `${file}:${LONGEST_FILE_LINES + 1}: has ${lines} lines, the limit is ${LONGEST_FILE_LINES}`,
    );
}

if (process.argv[1] === import.meta.filename) {
  const faults = findFaults(path.resolve(process.argv[2] ?? path.join(import.meta.dirname, '..')));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) console.error(`${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
