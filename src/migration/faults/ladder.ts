/**
 * Ends a migration that does not end by itself: `migrate_cancel`, then `yank`, then SIGKILL of the
 * source.
 */
import { pollUntil } from '../../model/deadline.js';
import { HarnessError } from '../../model/errors.js';
import type { Rung } from '../../model/fault-report.js';
import { asString } from '../../model/json.js';
import { endStatuses } from '../../model/outcome.js';
import type { TestMachine } from '../context.js';
import { soon } from '../deadlines.js';

/** QEMU needs milliseconds */
const rungMs = 5000;
const lookMs = 20;

const commands = [
  { rung: 'migrate_cancel', args: undefined },
  { rung: 'yank', args: { instances: [{ type: 'migration' }] } },
] as const;

export interface Ended {
  readonly rung: Rung;
  /** how long that one took, milliseconds */
  readonly ms: number;
}

/**
 * A QEMU whose channel stalls in the switchover answers no QMP command but those out of band.
 * @param source negotiated out-of-band QMP
 */
export async function endMigration(source: TestMachine): Promise<Ended> {
  const timeoutMs = soon(rungMs, source.context);
  const isOver = await unlessLate(async () =>
    endStatuses.includes(await statusOf(source, timeoutMs)),
  );
  if (isOver === true) return { rung: 'none', ms: 0 };
  for (const { rung, args } of commands) {
    if (rung === 'migrate_cancel' && isOver === undefined) continue;
    const startMs = performance.now();
    const hasEnded = await unlessLate(async () => {
      await source.qmp.execute(rung, args, { timeoutMs, oob: rung === 'yank' });
      await untilOver(source, timeoutMs);
      return true;
    });
    if (hasEnded === true) return { rung, ms: Math.round(performance.now() - startMs) };
  }
  const startMs = performance.now();
  await source[Symbol.asyncDispose]();
  return { rung: 'SIGKILL', ms: Math.round(performance.now() - startMs) };
}

/** @returns undefined when it takes too long */
async function unlessLate<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HarnessError && error.code === 'deadline') return undefined;
    throw error;
  }
}

/** `none` before the first migration */
async function statusOf({ qmp }: TestMachine, timeoutMs: number): Promise<string> {
  const { status } = await qmp.execute('query-migrate', undefined, { timeoutMs });
  return asString(status) ?? 'none';
}

async function untilOver(source: TestMachine, timeoutMs: number): Promise<void> {
  const { signal } = source.context;
  const poll = { waitedFor: 'end of the migration', side: 'source', everyMs: lookMs } as const;
  await pollUntil({ ...poll, timeoutMs, signal }, async () => {
    const status = await statusOf(source, timeoutMs);
    return endStatuses.includes(status) ? undefined : status;
  });
}
