/** Finds the system's PostgreSQL. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { HarnessError } from '../../model/errors.js';
import { locate } from '../../qemu/binary.js';

/** the oldest that pg-boss supports */
const oldest = 13;
/** Debian keeps the server's programs off PATH, below a folder for each version */
const debianFolder = '/usr/lib/postgresql';

export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/** The newest of Debian's, or those on PATH. @throws HarnessError `no-postgresql` */
export function findPostgres(
  searchPath: string,
  { folder = debianFolder, isRoot = process.getuid?.() === 0 } = {},
): PostgresPrograms {
  const places = [...versionFolders(folder), searchPath];
  for (const place of places) {
    const initdb = locate('initdb', place);
    const postgres = locate('postgres', place);
    if (initdb !== undefined && postgres !== undefined) return { initdb, postgres };
  }
  const command = 'apt-get install --no-install-recommends postgresql';
  throw new HarnessError({
    code: 'no-postgresql',
    blame: 'host',
    message: `no PostgreSQL of ${oldest} or newer here: neither initdb and postgres on PATH nor a version below ${folder}`,
    details: [
      `on Debian run: ${isRoot ? command : `sudo ${command}`}`,
      'or give a database that runs elsewhere: drover fleet up --database URL',
    ],
  });
}

function versionFolders(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => Number(name) >= oldest)
      .sort((a, b) => Number(b) - Number(a))
      .map((name) => path.join(folder, name, 'bin'));
  } catch {
    return [];
  }
}
