/** The files of a benchmark: of `bench` itself, and of `report` from a kept JSON document. */
import type { BenchDocument } from '../../bench/document.js';
import { exportFormats } from '../../bench/exports/formats.js';
import type { ExportFormat } from '../../bench/exports/formats.js';
import { appendHistory, checkHistory } from '../../bench/history/store.js';
import { benchCsv, benchLines, benchMarkdown } from '../../bench/text.js';
import { toFailure } from '../../model/errors.js';
import type { HostIdentity } from '../../model/events.js';
import { checkReportOptions, writeFiles } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { outputIsTerminal } from '../process/stdout-errors.js';

export interface BenchFiles {
  readonly json?: string;
  readonly html?: string;
  readonly markdown?: string;
  readonly csv?: string;
  readonly export: readonly Export[];
  readonly history?: string;
}

export interface Export {
  readonly format: ExportFormat;
  readonly file: string;
}

/** Before any migration. @param host that the benchmark is of */
export async function checkBenchFiles(options: BenchFiles, host: HostIdentity): Promise<void> {
  await checkReportOptions(
    options,
    options.export.map(({ format, file }) => [`export ${format}`, file] as const),
  );
  if (options.history !== undefined) await checkHistory(options.history, host);
}

export const benchJson = (document: BenchDocument): string =>
  `${JSON.stringify(document, null, 2)}\n`;

/**
 * Writes the files that were asked for, and then the text, since the reader of standard output may
 * be gone. @returns the exit code: a file that cannot be written turns 0 into 3
 */
export async function reportBench(
  document: BenchDocument,
  { json, html, markdown, csv, history, export: exports }: BenchFiles,
  environment: Environment,
  exitCode: number,
): Promise<number> {
  let code = await writeFiles(
    [
      [json, [benchJson(document)]],
      [markdown, [benchMarkdown(document)]],
      [csv, [benchCsv(document)]],
      ...exports.map(({ format, file }) => [file, [exportFormats[format](document)]] as const),
      [html, html === undefined ? [] : await htmlPieces(document)],
    ],
    exitCode,
  );
  if (history !== undefined && !(await isAppended(history, document))) {
    code = code === exitCodes.passed ? exitCodes.broken : code;
  }
  await print(lines(benchLines(document, showsBlocks(environment))));
  return code;
}

async function isAppended(folder: string, document: BenchDocument): Promise<boolean> {
  try {
    await appendHistory(folder, document);
    return true;
  } catch (error) {
    noteOnStderr(toFailure(error).message);
    return false;
  }
}

/** Standard output is a terminal that shows UTF-8. */
export const showsBlocks = ({ unicode }: Environment): boolean => unicode && outputIsTerminal();

/** Loads the library of drawings, which takes a while, only where it is needed. */
async function htmlPieces(document: BenchDocument): Promise<Iterable<string>> {
  const { benchHtmlPieces } = await import('../../bench/html/bench-html.js');
  return benchHtmlPieces(document);
}
