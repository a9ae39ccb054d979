/** What every event of a kind has, for logs that come from elsewhere: their types are not looked into any further. */
import type { DroverEvent } from '../../model/events.js';
import { isObject } from '../../model/json.js';

type Kind = 'object' | 'array' | 'string' | 'number';

const ofTest = { test: 'string', attempt: 'number' } as const;

/** As the schema (docs/reference/events.schema.json) has them. */
export const requiredFields: Readonly<Record<DroverEvent['type'], Readonly<Record<string, Kind>>>> =
  {
    'run-started': {
      ...{ schema: 'number', time: 'string', drover: 'string', machine: 'string', accel: 'string' },
      ...{ host: 'object', source: 'object', destination: 'object' },
      ...{ workers: 'number', total: 'number', tests: 'array' },
    },
    'test-started': ofTest,
    'phase-started': { ...ofTest, phase: 'string' },
    'migration-status': { ...ofTest, side: 'string', status: 'string' },
    'test-finished': { ...ofTest, durationMs: 'number', outcome: 'object', phases: 'array' },
    warning: { message: 'string' },
    'run-finished': { counts: 'object', durationMs: 'number', exitCode: 'number' },
  };

/** The first field that an event lacks, or has as something else; none for events of a kind that is not known here. */
export function missingField(event: Readonly<Record<string, unknown>>): string | undefined {
  const known = new Map<unknown, Readonly<Record<string, Kind>>>(Object.entries(requiredFields));
  const wanted = Object.entries(known.get(event['type']) ?? {});
  return wanted.find(([name, kind]) => kindOf(event[name]) !== kind)?.[0];
}

function kindOf(value: unknown): Kind | undefined {
  if (Array.isArray(value)) return 'array';
  if (isObject(value)) return 'object';
  return typeof value === 'string' || typeof value === 'number'
    ? (typeof value as 'string' | 'number')
    : undefined;
}
