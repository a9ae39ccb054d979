/** A scenario of a benchmark as users write it, in JSON or in a module. */
import type { TlsKind } from '../migration/stress/transports.js';
import type { Accelerator } from '../model/arch.js';
import type { MemoryKind } from '../model/command-line.js';
import type { StampKind } from '../model/stamps.js';

export type TransportName =
  | 'unix'
  | 'tcp'
  | 'multifd'
  | 'postcopy'
  | 'postcopy-preempt'
  | 'file'
  | 'mapped-ram'
  | 'mapped-ram-multifd';

/** Migration parameters by name, as `migrate-set-parameters` takes them. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

export interface ScenarioInput {
  readonly guest?: {
    /** memory of the guest in MiB; default: 256 */
    readonly memoryMiB?: number;
    /** virtual processors that write, each its own part of the working set; default: 1 */
    readonly writers?: number;
    /** how much of its memory, from its start, the guest writes; default: all */
    readonly workingSetMiB?: number;
    /**
     * size of the hot part, which begins what the guest writes and takes most writes; all writers
     * together; default: none
     */
    readonly hotMiB?: number;
    /** about how much of the writes the hot part takes, in percent; default: 90 */
    readonly hotPercent?: number;
    /**
     * how fast all writers together write, in pages per second; 0: as fast as they can; default:
     * 50000
     */
    readonly pacePagesPerSecond?: number;
    /** what the guest writes in each page: 1 byte, 16 bytes or all of it; default: page */
    readonly stamp?: StampKind;
  };
  readonly machine?: {
    /** default: that of --accel */
    readonly accel?: Accelerator;
    /** memory backend; default: memfd */
    readonly backend?: MemoryKind;
    /** KVM: entries of the dirty ring of each virtual processor; default: a dirty bitmap */
    readonly dirtyRingSize?: number;
    /** processors that the QEMU of this side may use, such as 0-3,8; default: all */
    readonly sourceCpus?: string;
    readonly destinationCpus?: string;
    /** NUMA node of the guest's memory on this side; default: any */
    readonly sourceNode?: number;
    readonly destinationNode?: number;
  };
  readonly migration: {
    readonly transport: TransportName;
    /** with a multifd transport; default: 4 */
    readonly channels?: number;
    /** encrypt with a pre-shared key (psk) or with certificates (x509); default: not */
    readonly tls?: TlsKind;
    /** which ciphers GnuTLS may choose, as a GnuTLS priority; default: that of QEMU */
    readonly tlsPriority?: string;
    /** of both sides, in addition to those of the transport */
    readonly capabilities?: readonly string[];
    /** of both sides */
    readonly parameters?: Parameters;
    /** with a postcopy transport: switch after this many iterations; 0: at once; default: 1 */
    readonly postcopyAfter?: number;
    /**
     * with a postcopy transport, instead of postcopyAfter: switch as soon as the source has sent
     * this many bytes since the total time began
     */
    readonly postcopyAfterBytes?: number;
    /** stop the guest after this many iterations; 0: at once; default: QEMU stops it */
    readonly pauseAfter?: number;
  };
  readonly limits?: {
    /** default: 300 */
    readonly downtimeLimitMs?: number;
    /**
     * how long a migration may take after its first iteration; then Drover raises the downtime
     * limit; default: 10000, at most 60000
     */
    readonly patienceMs?: number;
  };
}

/** Gives a module's scenarios their types; `drover bench --scenarios` takes the array. */
export function defineScenarios(scenarios: readonly ScenarioInput[]): readonly ScenarioInput[] {
  return scenarios;
}
