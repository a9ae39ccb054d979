/** Removes what a run left in the database that did not end in good order. */
import type { PgBoss } from 'pg-boss';
import type { Database } from '../database/connect.js';

/** a run says every second that it lives */
const silentMinutes = 10;

export async function sweepRuns(database: Database, boss: PgBoss): Promise<void> {
  const rows = await database.query<{ name: string; run: string }>(
    "SELECT name, run FROM drover.queue WHERE seen_at < now() - $1 * interval '1 minute'",
    [silentMinutes],
  );
  for (const run of new Set(rows.map((row) => row.run))) {
    await database.query('DELETE FROM drover.queue WHERE run = $1', [run]);
    await database.query('DELETE FROM drover.event WHERE run = $1', [run]);
    await database.query('DELETE FROM drover.result WHERE run = $1', [run]);
    const queues = rows.filter((row) => row.run === run).map(({ name }) => name);
    for (const name of [...queues, `r${run}-lost`]) await boss.deleteQueue(name);
  }
}
