/** `--junit FILE`: written once, whole, when the run is over. */
import type { DroverEvent } from '../../model/events.js';
import { writeAtomically } from '../atomic-file.js';
import { junitXml } from './junit-xml.js';
import type { Reporter } from '../reporter.js';
import { RunRecord } from '../fold/summary.js';

export class JunitReporter implements Reporter {
  readonly name = 'JUnit';
  readonly #path: string;
  readonly #record = new RunRecord();

  constructor(path: string) {
    this.#path = path;
  }

  onEvent(event: DroverEvent): void {
    this.#record.add(event);
  }

  async close(): Promise<void> {
    await writeAtomically(this.#path, [junitXml(this.#record)]);
  }
}
