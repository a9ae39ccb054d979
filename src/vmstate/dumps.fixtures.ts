/** Dumps of device state, made up. */
import { parseDump } from './dump.js';
import type { VmstateDump } from './dump.js';

export interface FieldJson {
  field: string;
  version_id: number;
  field_exists: boolean;
  size: number;
  num?: number;
  Description?: StateJson;
}

export interface StateJson {
  name: string;
  version_id: number;
  minimum_version_id: number;
  Fields?: FieldJson[];
  Subsections?: StateJson[];
}

export const field = (name: string, more: Partial<FieldJson> = {}): FieldJson => ({
  field: name,
  version_id: 0,
  field_exists: false,
  size: 4,
  ...more,
});

export const state = (more: Partial<StateJson> = {}): StateJson => ({
  name: 'dev',
  version_id: 2,
  minimum_version_id: 1,
  Fields: [field('first'), field('last')],
  ...more,
});

export function dump(devices: Record<string, StateJson>, machine = 'pc-1.0'): VmstateDump {
  const entries = Object.entries(devices).map(([type, Description]) => {
    const { version_id, minimum_version_id } = Description;
    return [type, { Name: type, version_id, minimum_version_id, Description }] as const;
  });
  const whole = { vmschkmachine: { Name: machine }, ...Object.fromEntries(entries) };
  return parseDump(JSON.stringify(whole), 'the test');
}

export const withFields = (...fields: FieldJson[]): StateJson => state({ Fields: fields });
