/** `--json FILE`: one document, written once, whole, when the run is over. */
import type { DroverEvent } from '../../model/events.js';
import { writeAtomically } from '../atomic-file.js';
import { jsonPieces } from './json-document.js';
import type { Reporter } from '../reporter.js';
import { RunRecord } from '../fold/summary.js';

export class JsonReporter implements Reporter {
  readonly name = 'JSON';
  readonly #path: string;
  readonly #record = new RunRecord();

  constructor(path: string) {
    this.#path = path;
  }

  onEvent(event: DroverEvent): void {
    this.#record.add(event);
  }

  async close(): Promise<void> {
    await writeAtomically(this.#path, jsonPieces(this.#record));
  }
}
