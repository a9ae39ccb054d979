/** `--html FILE`: one file to open in a browser. */
import path from 'node:path';
import type { DroverEvent } from '../../model/events.js';
import { FileReporter } from '../file-reporter.js';
import { TimedRun } from '../fold/timeline.js';
import { htmlPieces } from './document.js';

/** a log after another is a run after another */
class Runs {
  readonly all: TimedRun[] = [];

  add(event: DroverEvent): void {
    if (event.type === 'run-started' || this.all.length === 0) this.all.push(new TimedRun());
    this.all.at(-1)?.add(event);
  }
}

export function htmlReporter(file: string): FileReporter<Runs> {
  const folder = path.dirname(path.resolve(file));
  return new FileReporter('HTML', file, new Runs(), ({ all }) => htmlPieces(all, folder));
}
