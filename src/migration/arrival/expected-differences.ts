/**
 * Differences between the device state of a source and of a destination that are no fault of the
 * migration. Each row was found by running the catalogue, and says why the field may differ. What a
 * version of a section writes never changes, so a row names bytes: it needs no description of the
 * fields.
 */
import { hasStorageKeys, haveNoValue } from './storage-keys.js';

interface ExpectedDifference {
  /** section of device state, as QEMU names it; of a PCI device without its address */
  readonly device: string;
  /** of the section */
  readonly version: number;
  /** where in it: first byte and length; of a byte perhaps these bits only */
  readonly bytes: readonly (readonly [number, number, bits?: number])[];
  readonly fields: readonly string[];
  /** QEMU versions in which it was seen */
  readonly versions: string;
  readonly reason: string;
  /** what must hold besides */
  readonly provided?: (first: Buffer, second: Buffer) => boolean;
}

export const expectedDifferences: readonly ExpectedDifference[] = [
  {
    device: 'globalstate',
    version: 1,
    // what follows says whether the guest was suspended
    bytes: [[0, 36]],
    fields: ['size', 'runstate'],
    versions: '7.2 to 11.1',
    reason: 'it names the run state, which is that of each side',
  },
  {
    device: 'globalstate',
    version: 1,
    bytes: [[36, 1]],
    fields: ['has_vm_was_suspended'],
    versions: '7.2 to 10.0 and 11.1, and back',
    reason: 'one of the two is older than 8.2 and does not say whether the guest was suspended',
    provided: (first, other) => first[37] === 0 && other[37] === 0,
  },
  {
    device: 'mc146818rtc',
    version: 3,
    bytes: [
      [229, 8],
      [237, 8],
    ],
    fields: ['update_timer', 'next_alarm_time'],
    versions: '7.2 to 11.1',
    reason: 'the clock follows the host, and loading computes its next tick again',
    // where in a second they are goes with the clock
    provided: (first, second) =>
      areWholeSecondsApart(first, second, 229) && areWholeSecondsApart(first, second, 237),
  },
  {
    device: 'mc146818rtc',
    version: 3,
    // seconds, minutes, hours, then day of the week, day, month and year, two places for the
    // century
    bytes: [
      [0, 1],
      [2, 1],
      [4, 1],
      [6, 4],
      [0x32, 1],
      [0x37, 1],
    ],
    fields: ['cmos_data'],
    versions: '7.2 to 11.1',
    reason: 'the time of day goes on with the host while the guest stands still',
  },
  {
    device: 'mc146818rtc',
    version: 3,
    // register C
    bytes: [[12, 1]],
    fields: ['cmos_data'],
    versions: '11.1',
    reason: 'each second the clock sets the flag that says so',
  },
  {
    device: 'e1000e',
    version: 1,
    bytes: [
      [4205, 1],
      [4206, 16],
      [4222, 4],
    ],
    fields: ['core.rx_desc_len', 'core.rxbuf_sizes', 'core.rx_desc_buf_size'],
    versions: '11.1',
    reason: 'loading derives it from registers that are equal',
  },
  {
    device: 'igb',
    version: 1,
    bytes: [[4282, 1]],
    fields: ['core.rx_desc_len'],
    versions: '11.1',
    reason: 'loading derives it from registers that are equal',
  },
  {
    device: 'pl031',
    version: 1,
    bytes: [[0, 4]],
    fields: ['tick_offset_vmstate'],
    versions: '10.0 to 11.1',
    reason: 'it is for old versions, and each save computes it from the clock of the host',
    // the clock that counts is in a subsection
    provided: (first) => first.includes('pl031/tick-offset'),
  },
  {
    device: 'cpu_common',
    version: 1,
    bytes: [[7, 1, 0x04]],
    fields: ['interrupt_request'],
    versions: '10.0 to 11.1',
    reason: 'loading asks a processor to look at its state again',
  },
  {
    // of ppc64
    device: 'cpu',
    version: 5,
    bytes: [[8518, 1, 0x10]],
    fields: ['env.msr'],
    versions: '10.0 to 11.1',
    reason: 'a fault of QEMU: loading clears bit ME, so machine checks are off',
  },
  {
    device: 'spapr',
    version: 3,
    bytes: [[0, 16]],
    fields: ['tb.guest_timebase', 'tb.time_of_the_day_ns'],
    versions: '10.0 to 11.1',
    reason: 'each save of a machine that was running reads the clock again',
    // the time of day, in ns, and the time base, 512 of them in a microsecond
    provided: (first, second) =>
      areNear(first, second, 0, 512_000_000n) && areNear(first, second, 8, 1_000_000_000n),
  },
  {
    device: 'goldfish_rtc',
    version: 3,
    bytes: [[23, 1, 0x01]],
    fields: ['irq_pending'],
    versions: '10.0 to 11.1',
    reason: 'a fault of QEMU: loading takes an alarm that was never set for one that is due',
    provided: (first) => first.readBigUInt64BE(8) === 0n && first[23] === 0,
  },
  {
    device: 'pl110',
    version: 2,
    bytes: [[52, 4]],
    fields: ['invalidate'],
    versions: '10.0 to 11.1',
    reason: 'loading asks for the display to be drawn again',
  },
  {
    device: 'strongarm-rtc',
    version: 0,
    bytes: [
      [12, 4],
      [16, 8],
    ],
    fields: ['last_rcnr', 'last_hz'],
    versions: '10.0 to 11.1',
    reason: 'each save counts the clock on to that of the host',
    // the time of the host, in ms
    provided: (first, second) => areNear(first, second, 16, 1000n),
  },
  {
    device: 's390-skeys',
    version: 1,
    bytes: [],
    fields: ['data'],
    versions: '10.0 to 11.1',
    reason: 'loading begins to keep storage keys, which are all zero',
  },
];

/** Two big-endian words of 64 bits, less than an hour apart. */
function areNear(first: Buffer, second: Buffer, at: number, perSecond: bigint): boolean {
  const apart = BigInt.asIntN(64, second.readBigUInt64BE(at) - first.readBigUInt64BE(at));
  return (apart < 0n ? -apart : apart) < 3600n * perSecond;
}

const second = 1_000_000_000n;
/** QEMU rounds where in a second the clock is: 1000 ns were seen. */
const mostRounded = 2000n;

/** Two big-endian times in ns, or one that is not set. */
function areWholeSecondsApart(first: Buffer, other: Buffer, at: number): boolean {
  const [here, there] = [first.readBigInt64BE(at), other.readBigInt64BE(at)];
  const apart = (here < there ? there - here : here - there) % second;
  return here === -1n || there === -1n || apart <= mostRounded || second - apart <= mostRounded;
}

/** Why a section may have another length on both sides. */
const otherLengths: Readonly<Record<string, (pair: SectionPair) => boolean>> = {
  's390-skeys': ({ first, second }) => !hasStorageKeys(first) && haveNoValue(second),
};

/**
 * Where differences prove something: what may differ was found out there, under TCG, by the tests
 * and by all machines of 10.0 and 11.1.
 */
const knownArchitectures = new Set([
  ...['x86_64', 'i386', 'aarch64', 'riscv64', 's390x', 'ppc64', 'alpha', 'arm', 'avr', 'hexagon'],
  ...['hppa', 'loongarch64', 'm68k', 'microblaze', 'microblazeel', 'mips', 'mips64', 'mips64el'],
  ...['mipsel', 'or1k', 'ppc', 'riscv32', 'rx', 'sh4', 'sh4eb', 'sparc', 'sparc64', 'tricore'],
  ...['xtensa', 'xtensaeb'],
]);

/** Why differences of device state would prove nothing. */
export function doubtOf(arch: string, isUnderKvm: boolean): string | undefined {
  if (!knownArchitectures.has(arch)) {
    return `which fields of ${arch} may differ has not been found out`;
  }
  return isUnderKvm ? 'under KVM, each save reads the clocks again' : undefined;
}

interface ExpectedRamDifference extends Omit<ExpectedDifference, 'device' | 'version'> {
  /** as QEMU names it */
  readonly block: string;
}

/** The same for RAM blocks that devices bring: here, one page each. */
export const expectedRamDifferences: readonly ExpectedRamDifference[] = [
  {
    block: 'vmclock_page',
    bytes: [
      [0x0c, 4],
      [0x10, 8],
    ],
    fields: ['seq_count', 'disruption_marker'],
    versions: '10.0 to 11.1',
    reason: 'loading counts them up: that is how the device tells the guest of the migration',
  },
];

const pageBytes = 4096;

/** How much of a block is needed to look for a reason; undefined where no difference has one. */
export function bytesForReason(block: string): number | undefined {
  return expectedRamDifferences.some((row) => row.block === block) ? pageBytes : undefined;
}

/** As `reasonsFor`, for a RAM block of one page. */
export function ramReasonsFor(block: string, first: Buffer, second: Buffer): string[] | undefined {
  if (first.length !== second.length) return undefined;
  const rows = expectedRamDifferences.filter((row) => row.block === block);
  return reasonsIn(rows, first, second);
}

/** One section of device state on both sides. */
export interface SectionPair {
  readonly name: string;
  readonly version: number;
  readonly first: Buffer;
  readonly second: Buffer;
}

/**
 * Why all that differs in a section may differ, each reason once; undefined if something may not.
 */
export function reasonsFor(pair: SectionPair): string[] | undefined {
  const { name, version, first, second } = pair;
  const device = name.replace(/^([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\//, '');
  const rows = expectedDifferences.filter(
    (row) => row.device === device && row.version === version,
  );
  if (first.length !== second.length) {
    return otherLengths[device]?.(pair) === true ? rows.map(({ reason }) => reason) : undefined;
  }
  return reasonsIn(rows, first, second);
}

function reasonsIn(
  rows: readonly Pick<ExpectedDifference, 'bytes' | 'reason' | 'provided'>[],
  first: Buffer,
  second: Buffer,
): string[] | undefined {
  const reasons = new Set<string>();
  for (const [at, byte] of first.entries()) {
    const differing = byte ^ (second[at] ?? 0);
    if (differing === 0) continue;
    const row = rows.find(
      ({ bytes, provided }) =>
        provided?.(first, second) !== false &&
        bytes.some(
          ([start, length, bits = 0xff]) =>
            at >= start && at < start + length && (differing & ~bits) === 0,
        ),
    );
    if (row === undefined) return undefined;
    reasons.add(row.reason);
  }
  return [...reasons];
}
