/** QEMU's greeting at the start of a QMP connection. */
import { asArray, asObject, asString } from '../model/json.js';
import type { JsonObject } from '../model/json.js';

export interface Greeting {
  readonly version: string;
  readonly package: string;
  readonly capabilities: readonly string[];
}

export function parseGreeting(raw: JsonObject): Greeting {
  const body = asObject(raw['QMP']);
  const version = asObject(body['version']);
  const qemu = asObject(version['qemu']);
  const parts = [qemu['major'], qemu['minor'], qemu['micro']].map((part) =>
    typeof part === 'number' ? String(part) : '?',
  );
  return {
    version: parts.join('.'),
    package: asString(version['package']) ?? '',
    capabilities: asArray(body['capabilities']).filter((name) => typeof name === 'string'),
  };
}
