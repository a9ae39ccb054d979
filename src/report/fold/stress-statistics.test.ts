import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoundFigures } from '../../model/stress.js';
import { StressStatistics, roundText } from './stress-statistics.js';

const round: RoundFigures = {
  migrationMs: 2000,
  downtimeMs: 40,
  transferredBytes: 4e9,
  passes: 3,
  forced: false,
  verifyMs: 500,
  verifiedPages: 250_000,
};
const drover = { memoryBytes: 100 * 1024 ** 2, descriptors: 31 };

test('the table has minimum, median, 95 % and maximum of each figure', () => {
  const statistics = new StressStatistics();
  for (const migrationMs of [1000, 2000, 3000, 4000]) {
    statistics.add({ ...round, migrationMs, forced: migrationMs === 4000, drover });
  }
  const lines = statistics.lines();
  const row = (name: string): string => lines.find((line) => line.includes(name)) ?? '';
  assert.match(row('migration '), /1\.00 s +2\.50 s +3\.85 s +4\.00 s$/);
  assert.match(row('sent'), /1\.00 GB\/s +1\.67 GB\/s +3\.70 GB\/s +4\.00 GB\/s$/);
  assert.match(row('verified'), /2\.05 GB\/s/);
  assert.match(row('downtime limit'), /in 1 of 4 rounds Drover raised/);
  assert.match(row('Drover itself'), /100 MiB and 31 descriptors after the first round, 100 MiB/);
});

test('figures that QEMU does not report are left out, and no rounds give no table', () => {
  assert.deepEqual(new StressStatistics().lines(), []);
  const statistics = new StressStatistics();
  const { downtimeMs: _, ...silent } = round;
  statistics.add({ ...silent, drover });
  assert.ok(!statistics.lines().some((line) => line.includes('downtime')));
  assert.equal(roundText(silent), 'migrated in 2.00 s, 250,000 pages verified in 0.50 s');
});

test('a round that was forced says so', () => {
  assert.match(roundText({ ...round, forced: true }), /downtime 0\.04 s \(limit raised\)/);
});
