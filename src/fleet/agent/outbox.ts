/** Events of the attempts that run, sent together a few times a second. Losing some costs a line of progress. */
import { toFailure } from '../../model/errors.js';
import type { Database, SqlRunner } from '../database/connect.js';
import { isConnectionError } from '../database/connect.js';
import type { WireEvent } from '../messages.js';

export interface AttemptKey {
  readonly run: string;
  readonly job: string;
  /** pg-boss's count of retries: which claim of the job */
  readonly try: number;
}

interface Row extends AttemptKey {
  readonly seq: number;
  readonly body: string;
}

const flushMs = 150;
/** while the database is away */
const mostWaiting = 5000;

export class Outbox {
  readonly #database: Database;
  readonly #note: (text: string) => void;
  readonly #numbers = new Map<string, number>();
  #rows: Row[] = [];
  #isTimed = false;
  #flushing: Promise<void> = Promise.resolve();

  constructor(database: Database, note: (text: string) => void) {
    this.#database = database;
    this.#note = note;
  }

  add(of: AttemptKey, event: WireEvent): void {
    const name = `${of.job}:${of.try}`;
    const seq = (this.#numbers.get(name) ?? 0) + 1;
    this.#numbers.set(name, seq);
    if (this.#rows.length < mostWaiting) {
      this.#rows.push({ ...of, seq, body: JSON.stringify(event) });
    }
    if (this.#isTimed) return;
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.#flushing = this.#flushing.then(async () => this.#flush());
    }, flushMs);
  }

  /**
   * What is left of an attempt that has ended, to be written with its result. Waits for a connection
   * of its own, so not within a transaction.
   */
  async finish(of: AttemptKey): Promise<(sql: SqlRunner) => Promise<void>> {
    await this.#flushing;
    const rows = this.#take(of);
    return async (sql) => {
      await insert(sql, rows);
    };
  }

  /** The attempt is over, whatever became of it. */
  forget(of: AttemptKey): void {
    this.#take(of);
    this.#numbers.delete(`${of.job}:${of.try}`);
  }

  #take(of: AttemptKey): Row[] {
    const own = this.#rows.filter((row) => row.job === of.job && row.try === of.try);
    if (own.length > 0) this.#rows = this.#rows.filter((row) => !own.includes(row));
    return own;
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    try {
      await insert(this.#database.sql, rows);
    } catch (error) {
      if (isConnectionError(error)) this.#rows = [...rows, ...this.#rows].slice(0, mostWaiting);
      else this.#note(`events were not written: ${toFailure(error).message}`);
    }
  }
}

async function insert(sql: SqlRunner, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const column = (name: keyof Row): unknown[] => rows.map((row) => row[name]);
  await sql.executeSql(
    'INSERT INTO drover.event (run, job, try, seq, body) SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::int[], $5::text[]) ON CONFLICT DO NOTHING',
    [column('run'), column('job'), column('try'), column('seq'), column('body')],
  );
}
