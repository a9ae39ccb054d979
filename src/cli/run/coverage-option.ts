/**
 * `--coverage`: which migration features of the QEMUs the tests of a run exercised, on the console
 * and as a file.
 */
import type { Command } from 'commander';
import { checkReportPath } from '../../report/atomic-file.js';
import { coverageJsonPieces, coverageLines, coverageOf } from '../../report/log/coverage.js';
import { paintWith } from '../../report/console/colors.js';
import { RunRecord } from '../../report/fold/summary.js';
import type { DroverEvent } from '../../model/events.js';
import type { Environment } from '../process/environment.js';
import { writeFiles } from '../options/report-options.js';
import { lines } from '../process/print.js';
import { outputIsTerminal } from '../process/stdout-errors.js';

export interface CoverageOption {
  /** true: on the console only */
  readonly coverage?: string | true;
  readonly tap?: boolean;
}

export function withCoverage(command: Command): Command {
  return command.option(
    '--coverage [file]',
    'show which migration features of the QEMUs the tests exercised; with a file, also as JSON',
  );
}

/** Listens to a run; prints the coverage at its end. */
export class CoverageListener {
  readonly #record = new RunRecord();

  private constructor(
    private readonly options: CoverageOption,
    private readonly environment: Environment,
  ) {}

  /** @returns undefined without --coverage @throws HarnessError if the file cannot be written */
  static async open(
    options: CoverageOption,
    environment: Environment,
  ): Promise<CoverageListener | undefined> {
    if (options.coverage === undefined) return undefined;
    if (options.coverage !== true) await checkReportPath(options.coverage);
    return new CoverageListener(options, environment);
  }

  readonly onEvent = (event: DroverEvent): void => {
    this.#record.add(event);
  };

  /** A file that could not be written turns exit code 0 into 3. */
  async write(exitCode: number): Promise<number> {
    const coverage = coverageOf(this.#record);
    const { coverage: file, tap } = this.options;
    const text = coverageLines(coverage, paintWith(this.environment.color && outputIsTerminal()));
    process.stdout.write(lines(tap === true ? text.map((line) => `# ${line}`.trimEnd()) : text));
    const path = file === true ? undefined : file;
    return await writeFiles([[path, coverageJsonPieces(coverage)]], exitCode);
  }
}
