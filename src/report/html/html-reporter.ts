/** `--html FILE`: one file to open in a browser, written once, whole, when the run is over. */
import path from 'node:path';
import type { DroverEvent } from '../../model/events.js';
import { writeAtomically } from '../atomic-file.js';
import { RunCourse } from '../fold/timeline.js';
import type { Reporter } from '../reporter.js';
import { htmlPieces } from './document.js';

export class HtmlReporter implements Reporter {
  readonly name = 'HTML';
  readonly #path: string;
  /** a log after another is a run after another */
  readonly #runs: RunCourse[] = [];

  constructor(file: string) {
    this.#path = file;
  }

  onEvent(event: DroverEvent): void {
    if (event.type === 'run-started' || this.#runs.length === 0) this.#runs.push(new RunCourse());
    this.#runs.at(-1)?.add(event);
  }

  async close(): Promise<void> {
    await writeAtomically(
      this.#path,
      htmlPieces(this.#runs, path.dirname(path.resolve(this.#path))),
    );
  }
}
