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

/** @param source negotiated out-of-band QMP */
export async function endMigration(source: TestMachine): Promise<Ended> {
  if (await isOver(source)) return { rung: 'none', ms: 0 };
  const timeoutMs = soon(rungMs, source.context);
  for (const { rung, args } of commands) {
    const startMs = performance.now();
    try {
      // QEMU's main loop may be what hangs
      await source.qmp.execute(rung, args, { timeoutMs, oob: rung === 'yank' });
      await untilOver(source, timeoutMs);
      return { rung, ms: Math.round(performance.now() - startMs) };
    } catch (error) {
      if (!(error instanceof HarnessError) || error.code !== 'deadline') throw error;
    }
  }
  const startMs = performance.now();
  await source[Symbol.asyncDispose]();
  return { rung: 'SIGKILL', ms: Math.round(performance.now() - startMs) };
}

async function isOver(source: TestMachine): Promise<boolean> {
  const { status } = await source.qmp.execute('query-migrate');
  return status === undefined || endStatuses.includes(asString(status) ?? '');
}

async function untilOver(source: TestMachine, timeoutMs: number): Promise<void> {
  const poll = {
    waitedFor: 'end of the migration',
    side: 'source',
    ...{ timeoutMs, everyMs: lookMs, signal: source.context.signal },
  } as const;
  await pollUntil(poll, async () => {
    const { status } = await source.qmp.execute('query-migrate', undefined, { timeoutMs });
    return endStatuses.includes(asString(status) ?? '') ? undefined : asString(status);
  });
}
