/** A report that is one file, written once, whole, when the run is over. */
import type { DroverEvent } from '../model/events.js';
import { writeAtomically } from './atomic-file.js';
import type { Reporter } from './reporter.js';

export class FileReporter<Fold extends { add(event: DroverEvent): void }> implements Reporter {
  /** @param render gives the file, in pieces */
  constructor(
    readonly name: string,
    private readonly path: string,
    private readonly fold: Fold,
    private readonly render: (fold: Fold) => Iterable<string>,
  ) {}

  onEvent(event: DroverEvent): void {
    this.fold.add(event);
  }

  async close(): Promise<void> {
    await writeAtomically(this.path, this.render(this.fold));
  }
}
