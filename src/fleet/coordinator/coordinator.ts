/**
 * A coordinator: the database (its own, or one that runs elsewhere), the tables, the watch over silent
 * agents (pg-boss), and the listener that agents join at. Ends all of it.
 */
import type { PgBoss } from 'pg-boss';
import { certificateDigest, issuePair } from '../../credentials/private-authority.js';
import type { KeyPair } from '../../credentials/private-authority.js';
import { pollUntil } from '../../model/deadline.js';
import { toFailure, usageError } from '../../model/errors.js';
import { processStat } from '../../qemu/proc-stat.js';
import { openDatabase, requireDatabase } from '../database/connect.js';
import type { Database, DatabaseAccess } from '../database/connect.js';
import { findPostgres } from '../database/find-postgres.js';
import { makeTables, roleOf } from '../database/tables.js';
import { joinText } from '../join-line.js';
import { serverName } from '../limits.js';
import { EvidenceStore } from './evidence-store.js';
import {
  authorityOf,
  evidenceFolder,
  isTaken,
  makeFleetFolder,
  removeFleetFile,
  writeFleetFile,
} from './fleet-folder.js';
import { OwnDatabase } from './own-database.js';
import { serveCoordinator } from './server.js';
import { sweepRuns } from './sweep.js';
import { makeToken } from './tokens.js';

export interface CoordinatorSpec {
  /** absolute */
  readonly folder: string;
  /** address to listen on */
  readonly listen: string;
  /** as agents reach it */
  readonly host: string;
  /** 0: any free one */
  readonly port: number;
  readonly databasePort?: number;
  /** of a database that runs already; its own unless given */
  readonly access?: DatabaseAccess;
  readonly drover: string;
  readonly searchPath: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}

/** agents that are connected end within this when a fleet ends */
const farewellMs = 8000;
const sweepMs = 60_000;
const evidenceMs = 24 * 3_600_000;

export class Coordinator implements AsyncDisposable {
  readonly #stack: AsyncDisposable[] = [];
  readonly #spec: CoordinatorSpec;
  #database: Database | undefined;
  #boss: PgBoss | undefined;
  #digest = '';
  #port = 0;
  /** settles, with why, when the database ended by itself */
  databaseEnded = new Promise<string>(() => undefined);

  private constructor(spec: CoordinatorSpec) {
    this.#spec = spec;
  }

  static async start(spec: CoordinatorSpec): Promise<Coordinator> {
    if (isTaken(spec.folder)) {
      throw usageError(
        'fleet-folder',
        `${spec.folder} is that of a fleet which runs: use another folder, or end that one with 'drover fleet down ${spec.folder}'`,
      );
    }
    const coordinator = new Coordinator(spec);
    try {
      await coordinator.#start();
      return coordinator;
    } catch (error) {
      await coordinator[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const spec = this.#spec;
    const isOwnServer = spec.access === undefined;
    makeFleetFolder(spec.folder, isOwnServer && process.getuid?.() === 0);
    const authority = await authorityOf(spec.folder);
    const server = await issuePair(authority, { kind: 'server', dnsName: serverName });
    const access = spec.access ?? (await this.#startServer(authority, server));
    const database = await openDatabase(access, 'drover fleet');
    this.#database = database;
    this.#stack.push(database);
    await requireDatabase(database, `${access.host}:${access.port}`);
    await this.#watchAgents(database);
    this.#digest = certificateDigest(authority.certificate);
    await makeTables(database, { authority: this.#digest, drover: spec.drover });
    const desk = { database, authority, drover: spec.drover, access, isOwnServer };
    const evidence = new EvidenceStore(evidenceFolder(spec.folder));
    this.#sweep(database, evidence);
    const { listen, port, note } = spec;
    const listener = await serveCoordinator({ desk, evidence, server, listen, port, note });
    this.#stack.push(listener);
    this.#port = listener.port;
    writeFleetFile(spec.folder, {
      drover: spec.drover,
      pid: process.pid,
      startTime: processStat(process.pid)?.startTime ?? '',
      host: spec.host,
      port: listener.port,
      authority: this.#digest,
      access,
    });
    this.#stack.push({
      [Symbol.asyncDispose]: async () => {
        removeFleetFile(spec.folder);
      },
    });
  }

  async #startServer(authority: KeyPair, server: KeyPair): Promise<DatabaseAccess> {
    const { folder, listen, databasePort, searchPath, env, signal, note } = this.#spec;
    const own = await OwnDatabase.start(
      {
        programs: findPostgres(searchPath),
        directory: `${folder}/postgresql`,
        ...{ listen, port: databasePort, env, signal, server },
        authority: authority.certificate,
      },
      authority,
      note,
    );
    this.#stack.push(own);
    this.databaseEnded = own.ended;
    return own.access;
  }

  /** pg-boss makes its tables, and gives what a silent agent ran to another one. */
  async #watchAgents(database: Database): Promise<void> {
    const boss = database.boss({
      ...{ schedule: false, supervise: true, reindex: false, monitorVacuum: false },
      ...{ superviseIntervalSeconds: 1, monitorIntervalSeconds: 1, registerInstance: false },
    });
    boss.on('error', (error: unknown) => {
      this.#spec.note(`the watch over agents failed: ${toFailure(error).message}`);
    });
    await boss.start();
    this.#boss = boss;
  }

  /** What runs left that were killed, and evidence that their runs have copied. */
  #sweep(database: Database, evidence: EvidenceStore): void {
    const timer = setInterval(() => {
      const boss = this.#boss;
      if (boss === undefined) return;
      void Promise.all([evidence.sweep(evidenceMs), sweepRuns(database, boss)]).catch(
        (error: unknown) => {
          this.#spec.note(`the sweep failed: ${toFailure(error).message}`);
        },
      );
    }, sweepMs);
    this.#stack.push({
      [Symbol.asyncDispose]: async () => {
        clearInterval(timer);
      },
    });
  }

  /** Another line to join with. */
  async joinLine(): Promise<string> {
    if (this.#database === undefined) throw new Error('it has not started');
    const token = await makeToken(this.#database);
    return joinText({ host: this.#spec.host, port: this.#port, authority: this.#digest, token });
  }

  /** Agents end first, so that they need not wait for a database that does not come back. */
  async #sayFarewell(database: Database): Promise<void> {
    await database.query("UPDATE drover.fleet SET state = 'down'");
    await pollUntil(
      { waitedFor: 'end of the agents', timeoutMs: farewellMs, everyMs: 200, blame: 'host' },
      async () => {
        const rows = await database.query<{ usename: string }>(
          'SELECT DISTINCT usename FROM pg_stat_activity WHERE starts_with(usename, $1)',
          [roleOf('')],
        );
        return rows.length === 0 ? undefined : rows.map(({ usename }) => usename).join(', ');
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const tryTo = async (what: string, work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        this.#spec.note(`${what}: ${toFailure(error).message}`);
      }
    };
    const database = this.#database;
    if (database !== undefined && this.#port !== 0) {
      await tryTo('agents are still connected', () => this.#sayFarewell(database));
    }
    const boss = this.#boss;
    if (boss !== undefined) {
      this.#boss = undefined;
      await tryTo('the watch over agents did not end', () =>
        boss.stop({ graceful: false, close: false }),
      );
    }
    for (const part of this.#stack.splice(0).reverse()) {
      await tryTo('a part of the fleet did not end', async () => part[Symbol.asyncDispose]());
    }
  }
}
