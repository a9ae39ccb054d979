/**
 * One bit of a migration flips on the way: QEMU has no checksum and completes, so the check of
 * memory has to find it. The guest is stopped, so that QEMU sends each page once; what its own
 * memory holds is compared with that of the destination.
 */
import { contractError } from '../../model/errors.js';
import { counted, hex } from '../../model/text/format.js';
import type { MemoryVerdict, PageDamage } from '../../model/verdict.js';
import type { TestContext } from '../context.js';
import type { FlowResult } from '../migration.js';
import type { PairSettings } from '../pair-settings.js';
import { startPair } from '../pair.js';
import type { Pair } from '../pair.js';
import { prepareStopped, waitGuest } from '../steps.js';
import { endBoth, verifyStopped } from '../verify.js';

/**
 * in the middle of the pages: of 4104 bytes that QEMU sends for one, 4096 are its content
 */
const flippedAt = 40_000_001;
const flippedBit = 3;
const pageBytes = 4096;

/** @param connection that carries pages */
export async function bitFlip(
  context: TestContext,
  settings: PairSettings,
  connection: number,
): Promise<FlowResult> {
  const pair = await startPair(context, { ...settings, wire: 'plain' });
  const { source, destination } = pair;
  context.observer.phase('warm-up');
  await waitGuest(pair);
  await prepareStopped(pair);

  context.observer.phase('migrate');
  pair.faults = [
    {
      ...{ action: 'flip', toward: 'destination', connection },
      ...{ at: flippedAt, amount: flippedBit },
    },
  ];
  const migration = await pair.migrate();
  await migration.until('completed');
  await migration.until('completed', { side: 'destination' });
  if (pair.wire?.connections[connection]?.toward.destination.faults !== 1) {
    throw contractError(
      'no-effect',
      `QEMU sent less than ${counted(flippedAt, 'byte')} over connection ${connection}: no bit was flipped`,
      { side: 'source', lastSeen: JSON.stringify(pair.wire?.connections) },
    );
  }

  context.observer.phase('verify');
  const sound = await verifyStopped(source);
  if (!sound.intact) return { verdict: sound, damagedSide: 'source' };
  await requireFound(pair, await verifyStopped(destination));
  await endBoth(pair);
  return { verdict: sound, figures: migration.figures };
}

/** The verdict names one page, and the two sides differ there in one bit. */
async function requireFound(pair: Pair, verdict: MemoryVerdict): Promise<void> {
  const [damage, ...others] = verdict.slices.flatMap((slice) => slice.damage);
  if (damage === undefined || others.length > 0 || verdict.damagedPages !== 1) {
    throw contractError(
      'damage-not-found',
      `one bit was flipped on the way, and the check of memory found ${counted(verdict.damagedPages, 'damaged page')} instead of one`,
      { side: 'destination', waitedFor: 'one damaged page', lastSeen: JSON.stringify(others) },
    );
  }
  const bits = await differingBits(pair, damage);
  if (bits.length === 1 && bits[0]?.byte === damage.byteOffset && damage.kind === 'flipped') return;
  throw contractError(
    'damage-not-found',
    `one bit was flipped on the way; the check of memory says ${damage.kind} at byte ${damage.byteOffset ?? 'unknown'} of page ${hex(damage.start)}, where ${counted(bits.length, 'bit')} differ`,
    {
      side: 'destination',
      waitedFor: 'the byte with the bit',
      lastSeen: JSON.stringify({ damage, bits: bits.slice(0, 8) }),
    },
  );
}

interface Bit {
  readonly byte: number;
  readonly bit: number;
}

async function differingBits({ source, destination }: Pair, { start }: PageDamage): Promise<Bit[]> {
  const { stamped, signal } = source.context;
  const [ours, theirs] = await Promise.all(
    [source, destination].map(
      async (machine) => await (await machine.ram(stamped, signal)).readBytes(start, pageBytes),
    ),
  );
  const bits: Bit[] = [];
  for (const [byte, value] of (ours ?? Buffer.alloc(0)).entries()) {
    const wrong = value ^ (theirs?.[byte] ?? 0);
    for (let bit = 0; bit < 8; bit++) if ((wrong >> bit) & 1) bits.push({ byte, bit });
  }
  return bits;
}
