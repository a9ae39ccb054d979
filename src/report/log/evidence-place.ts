/** Finds the evidence of an attempt: the log and its folder may have been copied since the run. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { DroverEvent } from '../../model/events.js';

/**
 * The event with the folder as found from the log's place; unchanged if the folder is not found.
 */
export function located(event: DroverEvent, logFolder: string): DroverEvent {
  if (event.type !== 'test-finished' || event.directory === undefined) return event;
  const told = resolve(logFolder, event.directory);
  const directory = [told, join(resolve(logFolder), basename(told))].find((place) =>
    existsSync(place),
  );
  return directory === undefined ? event : { ...event, directory };
}
