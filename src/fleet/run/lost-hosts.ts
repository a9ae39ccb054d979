/**
 * Hosts whose connection to the database is gone: their machines end with their agent, so that nobody need
 * wait for the heartbeat. A host that the network cut off keeps its connection; the heartbeat finds it.
 */
import type { Database } from '../database/connect.js';
import { roleOf } from '../database/tables.js';
import { disconnectedMs } from '../limits.js';

export class LostHosts {
  /** when each was first seen without a connection */
  readonly #since = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @param hosts names
   * @returns those without a connection that have said nothing either; after a restart of the database
   * all are without one, and come back
   */
  async find(hosts: readonly string[]): Promise<string[]> {
    if (hosts.length === 0) return [];
    const rows = await this.database.query<{ host: string }>(
      "SELECT host FROM drover.host WHERE host = ANY($1::text[]) AND seen_at < now() - $2 * interval '1 ms' AND NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = $3 || host)",
      [hosts, disconnectedMs, roleOf('')],
    );
    const gone = rows.map(({ host }) => host);
    for (const host of [...this.#since.keys()]) if (!gone.includes(host)) this.#since.delete(host);
    const now = this.now();
    for (const host of gone) if (!this.#since.has(host)) this.#since.set(host, now);
    return gone.filter((host) => now - (this.#since.get(host) ?? now) >= disconnectedMs / 2);
  }
}
