/**
 * Loads the two packages that only a fleet needs, and says what to do where they are absent: npm leaves
 * pg-boss out on a Node.js that is older than it declares, though it runs on Drover's oldest.
 */
import type pgModule from 'pg';
import type * as pgBossModule from 'pg-boss';
import { HarnessError } from '../../model/errors.js';

/** exactly: its tables and its fence are part of what Drover relies on */
const pgBossVersion = '12.38.0';

export type Pg = typeof pgModule;
export type PgBossClass = typeof pgBossModule.PgBoss;

export interface FleetPackages {
  readonly pg: Pg;
  readonly PgBoss: PgBossClass;
}

/** @throws HarnessError `no-pg-boss` */
export async function loadFleetPackages(): Promise<FleetPackages> {
  try {
    const [{ default: pg }, { PgBoss }] = await Promise.all([import('pg'), import('pg-boss')]);
    return { pg, PgBoss };
  } catch (cause) {
    throw absent(cause, process.version);
  }
}

export function absent(cause: unknown, node: string): HarnessError {
  const isMissing =
    cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
  const why = isMissing ? 'not installed' : `not usable: ${String(cause)}`;
  const install = `npm install pg@8 pg-boss@${pgBossVersion}`;
  return new HarnessError({
    code: 'no-pg-boss',
    blame: 'host',
    message: `a fleet needs the packages pg and pg-boss ${pgBossVersion}, which are ${why} here`,
    details: isOldNode(node)
      ? [
          `npm leaves pg-boss out on Node.js ${node}, since it declares 22.12 or newer`,
          `use Node.js 22.12 or newer; or run '${install}' where Drover is installed: it runs on 20.19 with a warning of npm, and without its makers' support`,
        ]
      : [`run '${install}' where Drover is installed`],
    cause,
  });
}

/** older than what pg-boss declares */
export function isOldNode(node: string): boolean {
  const [major = 0, minor = 0] = node.replace(/^v/, '').split('.').map(Number);
  return major < 22 || (major === 22 && minor < 12);
}
