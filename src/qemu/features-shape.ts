/** The shape of QemuFeatures where it comes from a file: a kept answer of an earlier probe. */
import { array, exactOptional, object, record, string } from 'valibot';
import type { GenericSchema } from 'valibot';
import type { QemuFeatures } from '../model/features.js';

const names = array(string());

export const featuresShape: GenericSchema<unknown, QemuFeatures> = object({
  digest: exactOptional(string()),
  version: string(),
  package: string(),
  machines: array(object({ name: string(), alias: exactOptional(string()) })),
  accelerators: names,
  capabilities: names,
  parameters: names,
  commands: record(string(), names),
  transports: names,
  socketTypes: names,
  channelTypes: names,
  compressions: names,
  parameterValues: record(string(), names),
  statuses: names,
  migrationFigures: names,
  devices: names,
  properties: exactOptional(record(string(), names)),
  refusedTogether: record(string(), string()),
  tlsObstacle: string(),
  obstacles: exactOptional(record(string(), string())),
});
