/** The devices of a machine and what came of each, as one HTML file. */
import { namedDevice } from '../../devices/document.js';
import type { DevicesDocument } from '../../devices/document.js';
import { sweepHtmlPieces } from '../../report/sweep/sweep-html.js';
import type { SweepChange } from '../../sweep/baseline.js';

export function devicesHtmlPieces(
  document: DevicesDocument,
  changes?: readonly SweepChange[],
): Generator<string> {
  const page = {
    ...{ title: 'Devices', noun: 'device', about: 'Bus', group: 'Category' },
    intro: `Machine ${document.machine}`,
  };
  const rows = document.results.map((result) => ({
    ...namedDevice(result),
    ...{ group: result.category, about: result.bus ?? '' },
    ...{ arguments: result.arguments, durationMs: result.durationMs },
  }));
  return sweepHtmlPieces(page, document, rows, changes);
}
