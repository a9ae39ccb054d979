/** What the faults of a run came to, beside that they passed: hazards, rungs, recoveries. */
import type { DroverEvent } from '../../model/events.js';
import type { FaultReport, Hazard } from '../../model/fault-report.js';
import { counted } from '../../model/text/format.js';

const hazardTexts: Readonly<Record<Hazard['kind'], string>> = {
  'both-run': 'two guests ran',
  'neither-runs': 'no guest ran until cont',
};

export class FaultSummary {
  readonly #reports: FaultReport[] = [];

  readonly onEvent = (event: DroverEvent): void => {
    if (event.type !== 'test-finished' || event.outcome.kind !== 'passed') return;
    const { fault } = event.outcome;
    if (fault !== undefined) this.#reports.push(fault);
  };

  /** none where no fault passed */
  lines(): string[] {
    const reports = this.#reports;
    if (reports.length === 0) return [];
    const having = (test: (report: FaultReport) => boolean): number => reports.filter(test).length;
    const rung = (name: FaultReport['rung']): number => having((report) => report.rung === name);
    const recovered = having(({ recovery }) => recovery !== undefined);
    return [
      '',
      `of ${counted(reports.length, 'fault')} that passed:`,
      `  ended by itself ${rung('none')}, by migrate_cancel ${rung('migrate_cancel')}, by yank ${rung('yank')}, by SIGKILL ${rung('SIGKILL')}; postcopies that recovered ${recovered}`,
      ...(Object.keys(hazardTexts) as Hazard['kind'][]).flatMap((kind) => this.#hazardLine(kind)),
      `  guest lost with its host, or as the table allows: ${having(({ lost }) => lost === true)}`,
    ];
  }

  #hazardLine(kind: Hazard['kind']): string[] {
    const found = this.#reports.flatMap(({ hazards }) =>
      hazards.filter((hazard) => hazard.kind === kind),
    );
    if (found.length === 0) return [];
    const most = Math.max(...found.map(({ ms }) => ms));
    return [`  known hazard, ${hazardTexts[kind]}: ${found.length} times, for at most ${most} ms`];
  }
}
