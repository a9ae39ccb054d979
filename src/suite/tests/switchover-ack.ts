/**
 * With capability switchover-ack the source must not switch over before the destination has
 * acknowledged, which Drover withholds.
 */
import { pause } from '../../model/deadline.js';
import { noEffect } from '../../migration/effects.js';
import type { Pair } from '../../migration/pair.js';

/** each of them could have been the last: all that is left fits into the downtime limit */
const iterations = 3;

/**
 * QEMU measures its bandwidth each 100 ms, and until then takes what is left by the rate before for
 * what fits into the downtime limit
 */
const measuredMs = 300;

export async function requireAck(pair: Pair, signal: AbortSignal): Promise<void> {
  const { context, source, wire } = pair;
  const { events } = source.qmp;
  if (wire?.isWithheld !== true) return;
  let since = events.cursor;
  await pair.ensureConverge();
  for (let begun = 0; begun < iterations; begun++) {
    const { name, index } = await events.wait(
      (event) => event.name === 'STOP' || event.name === 'MIGRATION_PASS',
      {
        ...{ what: 'event MIGRATION_PASS', since, signal },
        timeoutMs: context.deadlines.statusMs,
      },
    );
    if (name === 'STOP') {
      const sign = 'iterations until the destination has acknowledged';
      throw noEffect('capability switchover-ack', sign, 'STOP');
    }
    since = index + 1;
  }
  await pair.ensureNonConverge();
  await pause(measuredMs, signal);
  wire.answer();
}
