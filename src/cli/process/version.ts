/** Drover's own version, from its package. */
import { readFileSync } from 'node:fs';
import { asObject, asString } from '../../model/json.js';

export function droverVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return asString(asObject(parsed)['version']) ?? 'unknown';
}
