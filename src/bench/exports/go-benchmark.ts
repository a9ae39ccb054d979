/**
 * The format of Go's benchmarks, for `benchstat` (golang.org/design/14313-benchmark-format): one
 * line for each sample, since benchstat has statistics of its own. Pure.
 */
import { printableLine } from '../../model/text/printable.js';
import type { BenchDocument } from '../document.js';
import { figures } from '../figures.js';
import { isLessBetter } from '../units.js';
import { kebab } from './summary.js';

/** A name ends at white space; and `/` begins the next key of it. */
const word = (text: string): string => printableLine(text).replaceAll(/[\s/]+/g, '_');

export function goBenchmark({ scenarios, host, sides }: BenchDocument): string {
  // benchstat compares only where these lines are equal: the host is among them, the QEMU is not
  const head = ['goos: linux', `cpu: ${printableLine(host.cpu)}`, `host: ${word(host.hostname)}`];
  const qemus = sides.map(
    ({ label, qemu }) => `# ${label}: QEMU ${printableLine(`${qemu.version} ${qemu.package}`)}`,
  );
  const samples = scenarios.flatMap(({ scenario, samples: own }) =>
    own.flatMap(({ label, measured }) => {
      const values = figures.flatMap(({ key }) => {
        const value = measured?.[key];
        return value === undefined ? [] : [`${value} ${kebab(key)}`];
      });
      if (values.length === 0) return [];
      return [
        `BenchmarkMigrate/scenario=${word(scenario.name)}/side=${label} 1 ${values.join(' ')}`,
      ];
    }),
  );
  const units = figures.map(
    ({ key }) => `Unit ${kebab(key)} better=${isLessBetter(key) ? 'lower' : 'higher'}`,
  );
  return [...head, ...qemus, ...units, '', ...samples, ''].join('\n');
}
