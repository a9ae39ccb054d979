// The downtimes of several QEMUs side by side, as a Markdown table for docs/reference/bench.md. Use, after runs of
// `drover bench --qemu ... --accel tcg --scenario ... --json FILE` of the same scenarios:
//   node scripts/downtime-table.mjs FILE FILE...
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { median } from 'simple-statistics';

/** as columns of the table, for each QEMU */
const FIGURES = [
  'qemuDowntimeMs',
  'stopToResumeMs',
  'guestDowntimeMs',
  'guestDowntimeErrorMs',
  'deviceDowntimeMs',
  'deviceDowntimeErrorMs',
];

const documents = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
if (documents.length === 0) throw new Error('usage: node scripts/downtime-table.mjs FILE FILE...');

/** three digits that count, at most one behind the point */
const shown = (ms) => (ms >= 100 ? ms.toFixed(0) : ms.toFixed(1));

function cell({ skipped, samples }) {
  if (skipped !== undefined) return `skipped: ${skipped}`;
  const good = samples.flatMap(({ measured }) => measured ?? []);
  if (good.length === 0) return 'no sample';
  const [own, events, guest, error, device, deviceError] = FIGURES.map((key) => {
    const values = good.flatMap((measured) => measured[key] ?? []);
    return values.length === 0 ? '–' : shown(median(values));
  });
  return `${own} / ${events} / ${guest} ± ${error} / ${device} − ${deviceError}`;
}

const names = [...new Set(documents.flatMap(({ scenarios }) => scenarios.map(nameOf)))];
function nameOf({ scenario }) {
  return scenario.name;
}

const head = ['scenario', ...documents.map(({ sides: [side] }) => `QEMU ${side.qemu.version}`)];
const rows = names.map((name) => [
  name,
  ...documents.map(({ scenarios }) => {
    const found = scenarios.find((each) => nameOf(each) === name);
    return found === undefined ? '' : cell(found);
  }),
]);
for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
