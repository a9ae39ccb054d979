/** One run of a sweep: lines as results come, then the summary, the files, the exit code. */
import { counted } from '../../model/text/format.js';
import type { ProbedQemu } from '../../migration/plan.js';
import { compareWithBaseline } from '../../sweep/baseline.js';
import type { SweepChange } from '../../sweep/baseline.js';
import type { NamedOutcome, SweepDocument, SweepQemu } from '../../sweep/document.js';
import { isFault } from '../../sweep/outcome.js';
import { changeLines, countKinds, headLines, resultLines, summaryLine } from '../../sweep/text.js';
import { walk } from '../../sweep/walk.js';
import type { Walk } from '../../sweep/walk.js';
import { writeFiles } from '../options/report-options.js';
import { exitCodes } from '../process/exit-codes.js';
import { hostCapacity } from '../process/host-capacity.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { droverVersion } from '../process/version.js';
import { jobsFor } from './jobs.js';

export interface SweepOptions {
  readonly jobs?: number;
  readonly json?: string;
  readonly html?: string;
}

export interface SweepBaseline<Document> {
  readonly document: Document;
  /** names of all that this run's QEMU has */
  readonly known: ReadonlySet<string>;
  /** whether a name is one that this run would select */
  readonly isSelected: (name: string) => boolean;
}

export interface Sweep<Item, Result, Document extends SweepDocument<Result>> extends Pick<
  Walk<Item, Result>,
  'items' | 'directory' | 'signal' | 'check'
> {
  /** what one of them is called */
  readonly noun: string;
  /** of each guest */
  readonly ramBytes: number;
  readonly qemus: readonly [source: SweepQemu, destination: SweepQemu];
  /** printed below the QEMUs */
  readonly about: readonly string[];
  readonly named: (result: Result) => NamedOutcome;
  /** the document with what it has beside the rest */
  readonly documentOf: (usual: SweepDocument<Result>) => Document;
  readonly html: (document: Document, changes?: readonly SweepChange[]) => Iterable<string>;
  readonly baseline: SweepBaseline<Document> | undefined;
  readonly options: SweepOptions;
}

export const sweepQemu = ({
  binary: { command },
  features: { version, package: build },
}: ProbedQemu<string>): SweepQemu => ({ command, version, package: build });

export async function runSweep<
  Item,
  Result extends Pick<NamedOutcome, 'outcome'>,
  Document extends SweepDocument<Result>,
>(sweep: Sweep<Item, Result, Document>): Promise<number> {
  const { items, options, baseline, noun, about, named } = sweep;
  const [source, destination] = sweep.qemus;
  await print(lines([...headLines({ source, destination }), ...about, '']));
  const work = { wanted: options.jobs, items: items.length, ramBytes: sweep.ramBytes };
  const { jobs, roomFor } = jobsFor(hostCapacity(), work);
  if (options.jobs !== undefined && roomFor !== undefined) {
    noteOnStderr(
      `-j ${options.jobs}: the memory of this host has room for ${counted(roomFor, 'pair')} of QEMUs at the same time`,
    );
  }
  const { results, failure } = await walk({
    ...sweep,
    jobs,
    onResult: async (result) => {
      if (baseline === undefined) await print(lines(resultLines(named(result))));
    },
  });
  const document = sweep.documentOf({
    drover: droverVersion(),
    ...{ source, destination },
    partial: results.length < items.length,
    selected: items.length,
    summary: countKinds(results),
    results,
  });
  const changes =
    baseline &&
    compareWithBaseline(
      baseline.document.results.map(named),
      results.map(named),
      baseline.known,
      baseline.isSelected,
    );
  if (changes !== undefined) await print(lines(changeLines(changes)));
  await print(lines(['', summaryLine(document, noun)]));
  if (baseline?.document.partial === true) {
    noteOnStderr(`the baseline is partial: ${noun}s are missing that its run had selected`);
  }
  const code = exitCodeOf(document, changes);
  const finalCode = await writeFiles(
    [
      [options.json, [`${JSON.stringify(document, null, 2)}\n`]],
      [options.html, sweep.html(document, changes)],
    ],
    code,
  );
  // after the files, which have what is there
  if (failure !== undefined) throw failure;
  return finalCode;
}

function exitCodeOf(
  { partial, results }: SweepDocument<Pick<NamedOutcome, 'outcome'>>,
  changes: readonly SweepChange[] | undefined,
): number {
  if (partial) return exitCodes.cancelled;
  const isWorse =
    changes === undefined
      ? results.some(({ outcome }) => isFault(outcome.kind))
      : changes.some((change) => change.isWorse);
  if (isWorse) return exitCodes.failed;
  return results.some(({ outcome }) => outcome.kind === 'broken')
    ? exitCodes.broken
    : exitCodes.passed;
}
