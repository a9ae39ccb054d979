/**
 * What a test runs in: its private directory, its signal, the run's plan, and the machines that it
 * started. The context owns them. It is disposed of once the outcome is known, so that Drover can
 * examine a failure while both QEMUs still run.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { platformOf } from '../model/arch.js';
import type { Accelerator, Platform } from '../model/arch.js';
import type { MachineSpec } from '../model/command-line.js';
import { HarnessError } from '../model/errors.js';
import type { Phase, Side } from '../model/outcome.js';
import { ramRegions } from '../model/ram-layout.js';
import type { StampedRange } from '../model/stamps.js';
import { buildGuestImage } from '../guest/image.js';
import { guestSpecOf, shapedPlatform } from '../guest/shape.js';
import type { GuestShape } from '../guest/shape.js';
import { attachCommand, waitForTracer } from '../qemu/debug-tools.js';
import type { QemuBinary } from '../qemu/binary.js';
import { Machine } from '../qemu/machine.js';
import type { LaunchOptions } from '../qemu/machine.js';
import type { ExitReport, QemuProcess } from '../qemu/process.js';
import { asString } from '../model/json.js';
import { makeCertificates } from '../credentials/certificates.js';
import type { CertificateMaker } from '../credentials/certificates.js';
import { deadlinesFor } from './deadlines.js';
import type { Deadlines } from './deadlines.js';
import { missesWrites } from './plan.js';
import type { PairPlan } from './plan.js';

/** Receives the progress of a test; must not throw. */
export interface Observer {
  phase(phase: Phase): void;
  status(side: Side, status: string): void;
  /** a message for the user while the test runs */
  note?(message: string): void;
}

/** What a test sets of a machine; the rest of its spec follows from the plan. */
export interface MachineOptions
  extends
    Pick<
      MachineSpec,
      | 'side'
      | 'memory'
      | 'hostNode'
      | 'firmware'
      | 'incoming'
      | 'paused'
      | 'extraArgs'
      | 'accelOptions'
    >,
    Pick<LaunchOptions, 'oob' | 'tag'> {
  /** default: that of the side */
  readonly binary?: QemuBinary<string> | undefined;
  /** default: that of the run */
  readonly accel?: Accelerator;
  /** default: that of the platform */
  readonly ramBytes?: number | undefined;
}

/** How a test of Drover itself disturbs a migration test and its machines. */
export interface Interference extends Pick<LaunchOptions, 'answer' | 'stopTimeouts'> {
  /** sees each machine as soon as its process runs */
  readonly started?: (machine: TestMachine) => void;
  /** hears each phase as it begins */
  readonly phase?: (name: Phase, context: TestContext) => void;
  /** runs before both sides are compared */
  readonly beforeCompare?: (source: TestMachine, destination: TestMachine) => Promise<void>;
  /** runs after the comparison, before the Linux guest continues */
  readonly beforeContinue?: (machine: TestMachine) => Promise<void>;
  /** runs before each check of a stopped guest's memory */
  readonly beforeCheck?: (machine: TestMachine) => Promise<void>;
}

export interface TestContextOptions {
  readonly plan: PairPlan<string>;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly observer: Observer;
  /** default: the usual guest of the platform; none: the machine as QEMU makes it */
  readonly guest?: GuestShape | 'none' | undefined;
  /** default: in this thread */
  readonly certificates?: CertificateMaker;
  readonly interference?: Interference;
}

/** A QEMU of a test. */
export class TestMachine extends Machine {
  constructor(
    spec: MachineSpec,
    process: QemuProcess,
    options: LaunchOptions,
    readonly context: TestContext,
  ) {
    super(spec, process, options);
  }
}

export class TestContext implements AsyncDisposable {
  readonly plan: PairPlan<string>;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly observer: Observer;
  readonly platform: Platform;
  /** what the guest stamps and a check reads */
  readonly stamped: StampedRange;
  readonly deadlines: Deadlines;
  readonly certificates: CertificateMaker;
  readonly interference: Interference;
  readonly #machines: TestMachine[] = [];
  readonly #owned: Disposable[] = [];
  readonly #hostLooks: (() => string | undefined)[] = [];

  constructor(input: TestContextOptions) {
    this.plan = input.plan;
    this.directory = input.directory;
    this.signal = input.signal;
    this.certificates = input.certificates ?? makeCertificates;
    this.interference = input.interference ?? {};
    this.observer = this.#observer(input.observer);
    const { arch, machine } = input.plan;
    const shaped = shapedPlatform(platformOf(arch), machine, input.guest ?? {});
    this.platform = missesWrites(input.plan) ? { ...shaped, flushesEachPass: true } : shaped;
    const { range, stamp, writers, hole, hot } = this.platform;
    this.stamped = { ...range, stamp, writers, hole, hot };
    this.deadlines = deadlinesFor(input.plan);
  }

  #observer(own: Observer): Observer {
    const { phase } = this.interference;
    if (phase === undefined) return own;
    return {
      status: (side, status) => {
        own.status(side, status);
      },
      note: (message) => own.note?.(message),
      phase: (name) => {
        own.phase(name);
        phase(name, this);
      },
    };
  }

  /** every machine started so far, ended or not */
  get machines(): readonly TestMachine[] {
    return this.#machines;
  }

  /** Disposes of something when the machines have ended. */
  own(disposable: Disposable): void {
    this.#owned.push(disposable);
  }

  /** @param look what the host lacked when Drover needed it for this test, if anything */
  watchHost(look: () => string | undefined): void {
    this.#hostLooks.push(look);
  }

  /** why a failure is the host's, whatever QEMU did after it */
  get hostTrouble(): string | undefined {
    return this.#hostLooks.map((look) => look()).find((trouble) => trouble !== undefined);
  }

  binaryOf(side: Side): QemuBinary<string> {
    return side === 'source' ? this.plan.source : this.plan.destination;
  }

  /** a path in the private directory */
  file(name: string): string {
    return path.join(this.directory, name);
  }

  /** Writes the guest image, its parameters patched in, and returns its path. */
  writeGuest(
    options: {
      readonly suspend?: boolean | undefined;
      readonly accel?: Accelerator | undefined;
      /** default: the guest looks at its timers if it can */
      readonly timers?: boolean | undefined;
      readonly pulsePort?: number | undefined;
    } = {},
  ): string {
    const { suspend, accel = this.plan.accel, timers = true, pulsePort } = options;
    const spec = guestSpecOf(this.platform, this.plan.machine);
    // A KVM that emulates guest code does not know all of these instructions.
    const looks = this.plan.arch === 'x86_64' && accel === 'tcg';
    // Its wake-up is a reset, after which no timer is armed.
    const processor = looks ? (suspend === true || !timers ? 'values' : 'timers') : undefined;
    const image = buildGuestImage({ ...spec, suspend, processor, pulsePort });
    const file = this.file('guest.bin');
    writeFileSync(file, image, { mode: 0o600 });
    return file;
  }

  /** Starts a QEMU and negotiates QMP. */
  async startMachine(own: MachineOptions): Promise<TestMachine> {
    const { machine, connect } = await this.launchMachine(own);
    await connect();
    return machine;
  }

  /**
   * Starts a QEMU that answers QMP only later, such as one that waits for CPR state; `connect`
   * negotiates QMP.
   */
  async launchMachine(
    own: MachineOptions,
  ): Promise<{ machine: TestMachine; connect: () => Promise<void> }> {
    const { plan } = this;
    const { writers } = this.platform;
    const { side, ramBytes = this.platform.ramBytes } = own;
    const stem = `${side}${own.tag ?? ''}`;
    const spec: MachineSpec = {
      ...own,
      arch: plan.arch,
      accel: own.accel ?? plan.accel,
      machine: plan.machine,
      ramBytes,
      ramRegions: ramRegions(plan.arch, plan.machine, ramBytes),
      processors: writers === 1 ? undefined : writers,
      serialLog: this.file(`${stem}.serial`),
      trace: plan.trace,
      qtestLog: plan.qtestLog ? this.file(`${stem}.qtest`) : undefined,
    };
    const { answer, stopTimeouts, started } = this.interference;
    const options: LaunchOptions = {
      ...own,
      answer,
      stopTimeouts,
      binary: own.binary ?? this.binaryOf(side),
      directory: this.directory,
      env: plan.env,
      timeoutMs: this.deadlines.launchMs,
      signal: this.signal,
      unhurried: plan.debug !== undefined,
    };
    const process = await Machine.startProcess(spec, options);
    const machine = new TestMachine(spec, process, options, this);
    this.#machines.push(machine);
    started?.(machine);
    machine.qmp.events.listen((event) => {
      const status = asString(event.data['status']);
      if (event.name === 'MIGRATION' && status !== undefined) this.observer.status(side, status);
    });
    return {
      machine,
      connect: async () => {
        await machine.connect(options);
        if (plan.debug?.attach === true && plan.debug.sides.includes(side)) {
          await this.#letAttach(machine);
        }
      },
    };
  }

  async #letAttach({ side, pid }: Machine): Promise<void> {
    this.observer.note?.(`the ${side} waits for a debugger: ${attachCommand(pid)}`);
    await waitForTracer(pid, side, this.signal);
    this.observer.note?.(`a debugger has the ${side}; the test goes on when it lets QEMU continue`);
  }

  /**
   * Drops a machine that has ended: a guest may run on thousands of machines, one after another.
   */
  async forget(machine: TestMachine): Promise<void> {
    await machine[Symbol.asyncDispose]();
    const { survivors } = await machine.process.end();
    if (survivors) {
      throw new HarnessError({
        code: 'survivor',
        blame: 'host',
        message: `a process started by the ${machine.side} QEMU outlived it and had to be killed`,
        side: machine.side,
      });
    }
    this.#machines.splice(this.#machines.indexOf(machine), 1);
  }

  /**
   * Kills what still runs. @returns for each machine how it ended, and whether processes outlived
   * it
   */
  async endAll(): Promise<ExitReport[]> {
    const ended = await Promise.allSettled(
      this.#machines.map(async (machine) => {
        await machine[Symbol.asyncDispose]();
        return await machine.process.end();
      }),
    );
    for (const each of this.#owned.splice(0)) each[Symbol.dispose]();
    const failure = ended.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return ended.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endAll().catch(() => undefined);
  }
}
