/** What `drover devices` refuses before any guest starts. */
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { testRefusal } from '../process/drover.fixtures.js';

const usual = realQemu('10.0');

for (const refusal of [
  ['a pattern that is none', ['--match', '('], /--match: expected a regular expression/],
  ['a pattern that nothing matches', ['--match', '^zzz'], /--match \^zzz: none of the/],
  [
    'a baseline that is not there',
    ['--baseline', '/nowhere/b'],
    /--baseline \/nowhere\/b: no such/,
  ],
  [
    'results of a list',
    ['--list', '--json', 'o.json', '--baseline', 'b.json'],
    /--list migrates no device.*: leave out --json, --baseline/,
  ],
  ['an unknown machine', ['--machine', 'pc-q35-99.9'], /does not know machine type pc-q35-99\.9/],
] as const) {
  testRefusal(['devices', '--qemu', usual.command], refusal, usual.skip);
}
const other = realQemu('10.0', 'aarch64');
testRefusal(
  ['devices', '--qemu', other.command],
  ['another architecture', [], /emulates aarch64: what its devices need/],
  other.skip,
);
