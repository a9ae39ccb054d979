/** The row of the table of ends that holds for a combined fault. A state that it lacks fails. */
import type { Combination } from './combination.js';
import { additions, expectedRows } from './expected-rows.js';
import type { ExpectedRow, Where } from './expected-rows.js';
import { kinds } from './kinds.js';

export function expectedOf(each: Combination): ExpectedRow {
  const facts: Readonly<Record<string, string>> = { ...each, meaning: kinds[each.fault].meaning };
  const fits = ({ where }: { readonly where: Where }): boolean =>
    Object.entries(where).every(([name, values]) =>
      (values as readonly string[]).includes(facts[name] ?? ''),
    );
  const row = expectedRows.find(fits);
  if (row === undefined) throw new Error('the last row fits every fault');
  return additions.filter(fits).reduce(
    (sum, { rungs, after }) => ({
      ...sum,
      rungs: [...sum.rungs, ...rungs],
      after: [...sum.after, ...after],
    }),
    row,
  );
}
