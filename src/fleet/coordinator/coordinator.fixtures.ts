/** A coordinator with a real PostgreSQL, for tests of what it refuses; skipped where there is none. */
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { Scratch } from '../../model/scratch.fixtures.js';
import { toFailure } from '../../model/errors.js';
import { openDatabase } from '../database/connect.js';
import type { Database } from '../database/connect.js';
import { findPostgres } from '../database/find-postgres.js';
import { parseJoinLine } from '../join-line.js';
import type { JoinLine } from '../join-line.js';
import { Coordinator } from './coordinator.js';
import { readFleetFile } from './fleet-folder.js';
import type { FleetFile } from './fleet-folder.js';

export const release = '1.2.3-test';

/** false, or why tests that need PostgreSQL are skipped */
export function postgresObstacle(): string | false {
  try {
    findPostgres(process.env['PATH'] ?? '');
    return false;
  } catch (error) {
    return toFailure(error).message;
  }
}

export class RunningCoordinator implements AsyncDisposable {
  /** what it said */
  readonly notes: string[] = [];
  readonly scratch = new Scratch();
  readonly folder = path.join(this.scratch.directory, 'fleet');
  #coordinator: Coordinator | undefined;
  #owner: Database | undefined;

  static async start(): Promise<RunningCoordinator> {
    const running = new RunningCoordinator();
    // the server runs as another user where we are root
    chmodSync(running.scratch.directory, 0o711);
    try {
      running.#coordinator = await Coordinator.start({
        ...{ folder: running.folder, listen: '127.0.0.1', host: '127.0.0.1', port: 0 },
        drover: release,
        searchPath: process.env['PATH'] ?? '',
        env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
        signal: new AbortController().signal,
        note: (text) => running.notes.push(text),
      });
      running.#owner = await openDatabase(running.file.access, 'test');
      return running;
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
  }

  get file(): FleetFile {
    return readFleetFile(this.folder);
  }

  /** as the coordinator itself */
  get owner(): Database {
    if (this.#owner === undefined) throw new Error('it has not started');
    return this.#owner;
  }

  async joinLine(): Promise<JoinLine> {
    if (this.#coordinator === undefined) throw new Error('it has not started');
    return parseJoinLine(await this.#coordinator.joinLine());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owner?.[Symbol.asyncDispose]();
    await this.#coordinator?.[Symbol.asyncDispose]();
    this.scratch[Symbol.dispose]();
  }
}
