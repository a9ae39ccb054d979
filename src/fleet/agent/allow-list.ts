/**
 * The QEMUs that an agent runs: those it was started with, and no other. A job names them by the digest of
 * the program; what it says of the command line is a machine type that this QEMU has.
 */
import { statSync } from 'node:fs';
import type { Accelerator } from '../../model/arch.js';
import { HarnessError } from '../../model/errors.js';
import type { QemuFeatures } from '../../model/features.js';
import type { HostFacts } from '../../model/host-facts.js';
import { makePlan } from '../../migration/plan.js';
import type { PairPlan } from '../../migration/plan.js';
import type { QemuBinary } from '../../qemu/binary.js';
import type { Job, QueueNeed } from '../messages.js';

export interface AllowedQemu {
  readonly digest: string;
  readonly binary: QemuBinary;
  readonly features: QemuFeatures;
  /** what runs on this host with it, and the factor for deadlines */
  readonly slowness: Readonly<Partial<Record<Accelerator, number>>>;
  readonly host: HostFacts;
  /** of its file, when it was probed */
  readonly file: string;
}

/** What changes when a file is replaced. */
export function fileMark(program: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(program, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

export class AllowList {
  readonly #byDigest: ReadonlyMap<string, AllowedQemu>;
  readonly #env: Readonly<Record<string, string>>;

  constructor(qemus: readonly AllowedQemu[], env: Readonly<Record<string, string>>) {
    this.#byDigest = new Map(qemus.map((qemu) => [qemu.digest, qemu]));
    this.#env = env;
  }

  /** Whether this host has all that a queue's attempts need. */
  serves({ arch, source, destination, accel, facts }: QueueNeed): boolean {
    return [source, destination].every((digest) => {
      const qemu = this.#byDigest.get(digest);
      return (
        qemu?.binary.arch === arch &&
        qemu.slowness[accel] !== undefined &&
        facts.every((name) => qemu.host[name]?.available === true)
      );
    });
  }

  /** @throws HarnessError `qemu-not-allowed`, `qemu-changed`, `machine-unknown` */
  planFor(need: QueueNeed, job: Job): PairPlan {
    const [source, destination] = [need.source, need.destination].map((digest) =>
      this.#require(digest, job),
    ) as [AllowedQemu, AllowedQemu];
    const slowness = [source, destination].map((qemu) => qemu.slowness[need.accel] ?? 1);
    return makePlan({
      source,
      destination,
      machine: job.machine,
      accel: need.accel,
      arrival: job.arrival,
      host: { ...source.host, ...destination.host },
      slowness: Math.max(...slowness),
      env: this.#env,
    });
  }

  #require(digest: string, job: Job): AllowedQemu {
    const qemu = this.#byDigest.get(digest);
    if (qemu === undefined) {
      throw refused({
        code: 'qemu-not-allowed',
        message: `the QEMU with SHA-256 ${digest} is not one that this agent was started with`,
      });
    }
    let now = '';
    try {
      now = fileMark(qemu.binary.program);
    } catch {
      // gone
    }
    if (now !== qemu.file) {
      throw refused({
        code: 'qemu-changed',
        message: `${qemu.binary.program} is another file than when this agent started: start the agent again`,
      });
    }
    const known = qemu.features.machines.some(({ name }) => name === job.machine);
    if (known || job.machine === 'none') return qemu;
    throw refused({
      code: 'machine-unknown',
      message: `QEMU ${qemu.features.version} of this agent has no machine type ${job.machine}`,
    });
  }
}

const refused = (what: { readonly code: string; readonly message: string }): HarnessError =>
  new HarnessError({ ...what, blame: 'host' });
