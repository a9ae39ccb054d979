/** What agents have written of a run: events of its attempts, and results. */
import type { Database } from '../database/connect.js';

export interface Row {
  readonly job: string;
  readonly try: number;
  /** of an event: its number among those of its attempt */
  readonly seq: number;
  readonly host: string;
  readonly body: string;
}

type Table = 'event' | 'result';

export class Inbox {
  readonly #database: Database;
  readonly #run: string;
  /** events that were handed out, and whose rows are not marked yet */
  readonly #handedOut = new Set<string>();

  constructor(database: Database, run: string) {
    this.#database = database;
    this.#run = run;
  }

  /**
   * Results are read first, and then events: what is written together with a result is there when the result is.
   * Rows are marked only after they were handed out: what is lost with an answer comes again. A
   * result may be handed out twice, an event is not.
   */
  async read(onEvent: (row: Row) => void, onResult: (row: Row) => void): Promise<void> {
    const results = await this.#unseen('result', '0 AS seq');
    const events = await this.#unseen('event', 'seq');
    for (const row of events.sort((a, b) => a.try - b.try || a.seq - b.seq)) {
      const key = `${row.job} ${row.try} ${row.seq}`;
      if (this.#handedOut.has(key)) continue;
      this.#handedOut.add(key);
      onEvent(row);
    }
    for (const row of results) onResult(row);
    await this.#mark('event', events, 'found.seq');
    this.#handedOut.clear();
    await this.#mark('result', results, '0');
  }

  async #unseen(table: Table, seq: string): Promise<Row[]> {
    return await this.#database.query<Row & Record<string, unknown>>(
      `SELECT job, try, host, body, ${seq} FROM drover.${table} WHERE run = $1 AND NOT seen`,
      [this.#run],
    );
  }

  async #mark(table: Table, rows: readonly Row[], seq: string): Promise<void> {
    if (rows.length === 0) return;
    const column = (name: keyof Row): unknown[] => rows.map((row) => row[name]);
    await this.#database.query(
      `UPDATE drover.${table} AS found SET seen = true FROM unnest($2::uuid[], $3::int[], $4::int[]) AS key(job, try, seq) WHERE found.run = $1 AND found.job = key.job AND found.try = key.try AND ${seq} = key.seq`,
      [this.#run, column('job'), column('try'), column('seq')],
    );
  }
}
