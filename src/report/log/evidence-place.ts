/** Where the evidence of an attempt lies now: a log may have been copied elsewhere with its folder, after the run. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { DroverEvent } from '../../model/events.js';

/** The event with its folder as it is found from the log's; as it was told, where it is nowhere. */
export function located(event: DroverEvent, logFolder: string): DroverEvent {
  if (event.type !== 'test-finished' || event.directory === undefined) return event;
  const told = resolve(logFolder, event.directory);
  const directory = [told, join(resolve(logFolder), basename(told))].find((place) =>
    existsSync(place),
  );
  return directory === undefined ? event : { ...event, directory };
}
