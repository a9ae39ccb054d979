/**
 * The required fields of every kind of event, to check logs from elsewhere. Leaves out what is
 * inside the fields.
 */
import type { DroverEvent } from '../../model/events.js';
import { isObject } from '../../model/json.js';

type Kind = 'object' | 'array' | 'string' | 'number';

const ofTest = { test: 'string', attempt: 'number' } as const;

/** As the schema (docs/reference/events.schema.json) has them. */
export const requiredFields: Readonly<Record<DroverEvent['type'], Readonly<Record<string, Kind>>>> =
  {
    'run-started': {
      schema: 'number',
      time: 'string',
      drover: 'string',
      machine: 'string',
      accel: 'string',
      host: 'object',
      source: 'object',
      destination: 'object',
      workers: 'number',
      total: 'number',
      tests: 'array',
    },
    'test-started': ofTest,
    'phase-started': { ...ofTest, phase: 'string' },
    'migration-status': { ...ofTest, side: 'string', status: 'string' },
    'test-finished': { ...ofTest, durationMs: 'number', outcome: 'object', phases: 'array' },
    warning: { message: 'string' },
    'run-finished': { counts: 'object', durationMs: 'number', exitCode: 'number' },
  };

/**
 * The first field that an event lacks or that has the wrong type; undefined for an unknown kind of
 * event.
 */
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
