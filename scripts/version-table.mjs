// Makes docs/reference/versions.md out of three runs' results. Use, after a run of each QEMU with
// `drover run --level flaky --accel tcg --qemu ... --json FILE`:
//   node scripts/version-table.mjs 7.2=FILE 10.0=FILE 11.1=FILE
// Leaves out running them: the catalogue's test does, and compares.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const PAGE = path.join(import.meta.dirname, '../docs/reference/versions.md');

const INTRODUCTION = `# Tests by version

Every test with QEMU 7.2, 10.0 and 11.1 (Debian's packages) under TCG, on a host with userfaultfd, O_DIRECT and /dev/shm.
A test of Drover runs all of them and compares with this table; where a test needs something of the host, it may be
skipped elsewhere.
`;

/** versions without their last part, which changes with every update of a package */
const shortened = (reason) => reason.replaceAll(/\b(\d+\.\d+)\.\d+\b/g, '$1');

function cell({ kind, reason = '' }) {
  return kind === 'skipped' ? `skipped: ${shortened(reason).replaceAll('|', '\\|')}` : kind;
}

const versions = process.argv.slice(2).map((argument) => {
  const [version, file] = argument.split('=');
  const { tests } = JSON.parse(readFileSync(file, 'utf8'));
  return [version, new Map(tests.map(({ test, outcome }) => [test, cell(outcome)]))];
});
const names = [...new Set(versions.flatMap(([, cells]) => [...cells.keys()]))].sort();
const rows = names.map(
  (name) => `| \`${name}\` | ${versions.map(([, cells]) => cells.get(name) ?? '').join(' | ')} |`,
);
const counts = versions.map(([, cells]) => {
  const passed = [...cells.values()].filter((value) => value === 'passed').length;
  return `${passed} of ${cells.size} passed`;
});
const page = [
  INTRODUCTION,
  `| test | ${versions.map(([version]) => version).join(' | ')} |`,
  `| --- | ${versions.map(() => '---').join(' | ')} |`,
  `| all | ${counts.join(' | ')} |`,
  ...rows,
];
writeFileSync(PAGE, `${page.join('\n')}\n`);
