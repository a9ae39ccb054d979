/** Parses the option values of `drover stress`. Pure. */
import { InvalidArgumentError } from 'commander';
import type { Side } from '../../model/outcome.js';
import { stressTransports } from '../../migration/stress/transports.js';
import type { StressTransport } from '../../migration/stress/transports.js';
import type { Freeze } from '../../migration/stress/spec.js';

/** bytes per page in a rate, for every --step */
const pageBytes = 4096;
/** what QEMU takes for multifd-channels */
const mostChannels = 255;

export function millisecondsArgument(text: string): number {
  const ms = Number(text);
  if (/^\d+$/.test(text) && ms <= 2_000_000) return ms;
  throw new InvalidArgumentError(`expected whole milliseconds from 0 to 2000000, not '${text}'.`);
}

const scales: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/**
 * `2GB/s` (powers of 1000), `512MiB/s` (powers of 1024) or `100000pages/s` @returns pages in a
 * second
 */
export function paceArgument(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([KMGT]?)(i?)B|(pages))\/s$/i.exec(text);
  const [, count = '', unit = '', binary = '', inPages] = match ?? [];
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
  const scale = binary === '' ? (scales[unit.toUpperCase()] ?? 1) : 1024 ** power;
  const pages = Math.round(Number(count) * (inPages === undefined ? scale / pageBytes : 1));
  if (match !== null && pages >= 1 && Number.isSafeInteger(pages)) return pages;
  throw new InvalidArgumentError(
    `expected a rate of at least one page (${pageBytes} bytes) per second, such as 2GB/s, 512MiB/s or 100000pages/s, not '${text}'.`,
  );
}

export interface TransportChoice {
  readonly transport: StressTransport;
  readonly channels?: number;
}

export const transportNames = stressTransports
  .map((row) => `${row.name}${row.takesChannels ? '[:CHANNELS]' : ''}`)
  .join(', ');

/** `tcp`, `multifd:8` */
export function transportArgument(text: string): TransportChoice {
  const [, name = '', count] = /^([\w-]+)(?::(\d+))?$/.exec(text) ?? [];
  const transport = stressTransports.find((row) => row.name === name);
  if (transport === undefined) {
    throw new InvalidArgumentError(`expected one of ${transportNames}, not '${text}'.`);
  }
  if (count === undefined) return { transport };
  const channels = Number(count);
  if (!transport.takesChannels) {
    throw new InvalidArgumentError(
      `expected '${name}', which has one channel only, not '${text}'.`,
    );
  }
  if (channels < 1 || channels > mostChannels) {
    throw new InvalidArgumentError(`expected 1 to ${mostChannels} channels, not ${count}.`);
  }
  return { transport, channels };
}

/** `source`, `destination:3s`, `both:500ms` */
export function freezeArgument(text: string): Freeze {
  const [, where = '', count = '3', unit = 's'] =
    /^(source|destination|both)(?::(\d+(?:\.\d+)?)(ms|s))?$/.exec(text) ?? [];
  const ms = Number(count) * (unit === 'ms' ? 1 : 1000);
  if (where !== '' && ms > 0 && ms <= 60_000) {
    const sides: readonly Side[] = where === 'both' ? ['source', 'destination'] : [where as Side];
    return { sides, ms };
  }
  throw new InvalidArgumentError(
    `expected source, destination or both, and optionally a time of at most 60s, such as source:3s or both:500ms, not '${text}'.`,
  );
}

export type Setting = readonly [name: string, value: string | number | boolean];

/** `name=value`, of a migration parameter */
export function settingArgument(text: string, before: readonly Setting[] = []): Setting[] {
  const [, name = '', value = ''] = /^([a-z][a-z0-9-]*)=(.+)$/.exec(text) ?? [];
  if (name === '') {
    throw new InvalidArgumentError(
      `expected NAME=VALUE of a migration parameter, such as multifd-compression=zstd, not '${text}'.`,
    );
  }
  return [...before, [name, settingValue(value)]];
}

export function settingValue(text: string): Setting[1] {
  if (text === 'true' || text === 'on') return true;
  if (text === 'false' || text === 'off') return false;
  return /^\d+$/.test(text) ? Number(text) : text;
}
