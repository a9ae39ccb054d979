// The parts of `npm test`, in order: what each needs from set-up and how it runs. Leaves out the order of
// events around them and the summary: see ../verify.mjs.
import process from 'node:process';
import { ending, runCommand } from '../setup/command.mjs';
import { listFiles } from '../setup/fingerprint.mjs';
import * as stages from '../setup/stages.mjs';
import { clangAnalyzer, clangFormat, clangTidy } from './cpp-style.mjs';
import { boundedFuzzing } from './fuzzing.mjs';
import { nativeTests } from './native-tests.mjs';
import { check, timed } from './tally.mjs';

const { ROOT } = stages;
const node = (script, ...args) => [process.execPath, script, ...args];

async function command(title, words, advice = '') {
  const [result, tookMs] = await timed(() =>
    runCommand(words, { cwd: ROOT, timeoutMs: 3_600_000 }),
  );
  const detail = `${ending(result)}\n${result.output.trimEnd()}\n${advice}`;
  return check(title, tookMs, result.ok, detail);
}

const eslint = () =>
  command('eslint', node('node_modules/eslint/bin/eslint.js', '.', '--max-warnings=0'));

const PRETTIER_CACHE = ['--cache', '--cache-strategy=content', '--cache-location=.cache/prettier'];
const prettier = () =>
  command(
    'prettier',
    node(
      'node_modules/prettier/bin/prettier.cjs',
      '--check',
      '.',
      '--no-color',
      '--log-level=warn',
      ...PRETTIER_CACHE,
    ),
    'npm run format rewrites the files',
  );

const layers = () => command('layers, doors, file lengths', node('scripts/check-imports.mjs'));
const layerTable = () => command('table of layers', node('scripts/layers.mjs'));
const guestImages = () => command('guest images', ['bash', 'scripts/check-guest.sh']);

const isTest = (file) => /\.test\.m?js$/.test(file);
const needsQemu = (file) => file.endsWith('.qemu.test.js');

/** Files of node:test, or those of them that start QEMUs. */
export function testFiles(
  kind,
  files = [...listFiles(ROOT, 'dist'), ...listFiles(ROOT, 'scripts')],
) {
  return files.filter((file) => isTest(file) && needsQemu(file) === (kind === 'qemu'));
}

const { npmStage, typescriptStage, buildStages } = stages;
const otherQemus = stages.TEST_QEMU_VERSIONS.map((version) => stages.qemuStage(version));

/** `uses`: rows of setup/system.mjs. `nodeTests`: run together at the end, as one run of node:test. */
export const PARTS = [
  { id: 'types', uses: [], stages: [npmStage, typescriptStage], run: () => [] },
  { id: 'lint', uses: [], stages: [npmStage], run: () => Promise.all([eslint(), prettier()]) },
  {
    id: 'check',
    uses: ['test'],
    stages: [npmStage],
    run: async () => [await layers(), await layerTable(), await guestImages()],
  },
  {
    id: 'cpp',
    uses: ['build', 'test', 'lint'],
    stages: [],
    run: async () => [await clangFormat(), await clangTidy()],
  },
  {
    id: 'analyzer',
    onlyWhenNamed: true,
    uses: ['build', 'test', 'lint'],
    stages: [],
    run: async () => [await clangAnalyzer()],
  },
  {
    id: 'native',
    uses: ['build', 'test'],
    stages: [],
    run: nativeTests,
  },
  { id: 'fuzz', uses: ['build', 'test', 'fuzz'], stages: [], run: boundedFuzzing },
  {
    id: 'unit',
    uses: ['build'],
    stages: [...buildStages, stages.postgresStage],
    nodeTests: true,
  },
  {
    id: 'qemu',
    uses: ['build', 'run'],
    stages: [...buildStages, ...otherQemus, stages.linuxGuestStage, stages.postgresStage],
    nodeTests: true,
  },
];
