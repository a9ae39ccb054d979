/** All machine types of all targets and what came of each, as one HTML file. */
import { namedMachine } from '../../machines/document.js';
import type { MachinesDocument } from '../../machines/document.js';
import { sweepHtmlPieces } from '../../report/sweep/sweep-html.js';
import type { SweepChange } from '../../sweep/baseline.js';

export function machinesHtmlPieces(
  document: MachinesDocument,
  changes?: readonly SweepChange[],
): Generator<string> {
  const page = {
    ...{ title: 'Machines', noun: 'migration', about: 'Migrated', group: 'Target' },
    intro: `Targets: ${document.targets.join(', ')}`,
  };
  const rows = document.results.map((result) => ({
    ...namedMachine(result),
    ...{ group: result.target, about: result.mode },
    ...{ arguments: result.arguments, durationMs: result.durationMs },
  }));
  return sweepHtmlPieces(page, document, rows, changes);
}
