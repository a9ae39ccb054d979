/** The way of a run to its fleet: by the folder of the coordinator, on the coordinator's host. */
import { usageError } from '../../model/errors.js';
import type { FleetMember } from '../../model/events.js';
import { EvidenceStore } from '../coordinator/evidence-store.js';
import { evidenceFolder, readFleetFile } from '../coordinator/fleet-folder.js';
import { openDatabase, requireDatabase } from '../database/connect.js';
import type { Database } from '../database/connect.js';
import { heartbeatSeconds } from '../limits.js';
import { readMessage } from '../messages.js';
import type { HostFacts } from '../messages.js';

export interface FleetHost {
  readonly name: string;
  readonly facts: HostFacts;
  /** attempts that it runs */
  readonly running: number;
  readonly isDraining: boolean;
  /** it said something within the time that an agent may be silent */
  readonly isLive: boolean;
}

export class FleetConnection implements AsyncDisposable {
  private constructor(
    readonly database: Database,
    readonly evidence: EvidenceStore,
  ) {}

  /** @throws HarnessError `no-fleet`, `no-database`, `fleet-refused` */
  static async open(folder: string, drover: string): Promise<FleetConnection> {
    const file = readFleetFile(folder);
    if (file.drover !== drover) {
      throw usageError(
        'fleet-refused',
        `the coordinator of ${folder} is Drover ${file.drover}, and this is ${drover}: use the same release`,
      );
    }
    const database = await openDatabase(file.access, 'drover run');
    try {
      await requireDatabase(database, `${file.access.host}:${file.access.port}`);
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
    return new FleetConnection(database, new EvidenceStore(evidenceFolder(folder)));
  }

  /** In the order of their names. A host whose message is of the wrong shape counts as not there. */
  async hosts(): Promise<FleetHost[]> {
    const rows = await this.database.query<{
      host: string;
      facts: string;
      running: number;
      draining: boolean;
      live: boolean;
    }>(
      "SELECT host, facts, running, draining, seen_at > now() - $1 * interval '1 s' AS live FROM drover.host WHERE facts IS NOT NULL ORDER BY host",
      [heartbeatSeconds],
    );
    return rows.flatMap(({ host: name, facts, running, draining, live }) => {
      try {
        const read = readMessage('host', facts);
        return [{ name, facts: read, running, isDraining: draining, isLive: live }];
      } catch {
        return [];
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
  }
}

export const memberOf = ({ name, facts }: FleetHost): FleetMember => ({
  ...facts.identity,
  name,
  slots: facts.limits.slots,
});
