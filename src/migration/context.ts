/**
 * What a test runs in: its private directory, its signal, the run's plan, and the machines it has
 * started. The context owns them: it is disposed of once the outcome is known, so that a failure
 * can be looked into while both sides are still there.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { platforms } from '../model/arch.js';
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
import { patienceFor } from './deadlines.js';
import type { Patience } from './deadlines.js';
import type { PairPlan } from './plan.js';

/** Hears how a test goes on; must not throw. */
export interface Observer {
  phase(phase: Phase): void;
  status(side: Side, status: string): void;
  /** something that the user should read meanwhile */
  note?(message: string): void;
}

/** What a test says of a machine; the rest of its spec follows from the plan. */
export interface MachineWish
  extends
    Pick<MachineSpec, 'side' | 'memory' | 'firmware' | 'incoming' | 'extraArgs' | 'accelOptions'>,
    Pick<LaunchOptions, 'oob' | 'tag'> {
  /** default: the side's */
  readonly binary?: QemuBinary;
  /** default: the run's */
  readonly accel?: Accelerator;
}

/** What a test of Drover itself puts between a migration test and its machines. */
export interface Interference extends Pick<LaunchOptions, 'answer' | 'stopTimeouts'> {
  /** sees each machine as soon as its process runs */
  readonly started?: (machine: TestMachine) => void;
  /** runs before each check of a stopped guest's memory */
  readonly beforeCheck?: (machine: TestMachine) => Promise<void>;
}

export interface TestContextInput {
  readonly plan: PairPlan;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly observer: Observer;
  /** the platform's usual one where it says nothing */
  readonly guest?: GuestShape;
  /** this thread, unless given */
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
  readonly plan: PairPlan;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly observer: Observer;
  readonly platform: Platform;
  /** what the guest stamps and a check looks at */
  readonly stamped: StampedRange;
  readonly patience: Patience;
  readonly certificates: CertificateMaker;
  readonly interference: Interference;
  readonly #machines: TestMachine[] = [];

  constructor(input: TestContextInput) {
    this.plan = input.plan;
    this.directory = input.directory;
    this.signal = input.signal;
    this.observer = input.observer;
    this.certificates = input.certificates ?? makeCertificates;
    this.interference = input.interference ?? {};
    const { arch, machine } = input.plan;
    this.platform = shapedPlatform(platforms[arch], machine, input.guest ?? {});
    const { range, stamp, writers, hole } = this.platform;
    this.stamped = { ...range, stamp, writers, hole };
    this.patience = patienceFor(input.plan);
  }

  /** every machine started so far, ended or not */
  get machines(): readonly TestMachine[] {
    return this.#machines;
  }

  /** a path in the private directory */
  file(name: string): string {
    return path.join(this.directory, name);
  }

  /** Writes the guest image, its parameters patched in, and returns its path. */
  writeGuest({ suspend }: { readonly suspend?: boolean } = {}): string {
    const spec = guestSpecOf(this.platform, this.plan.machine);
    const image = buildGuestImage({ ...spec, suspend });
    const file = this.file('guest.bin');
    writeFileSync(file, image, { mode: 0o600 });
    return file;
  }

  /** Starts a QEMU and greets it. */
  async startMachine(wish: MachineWish): Promise<TestMachine> {
    const { machine, connect } = await this.launchMachine(wish);
    await connect();
    return machine;
  }

  /** Starts a QEMU that answers only later, such as one that waits for another's state: `connect` greets it then. */
  async launchMachine(
    wish: MachineWish,
  ): Promise<{ machine: TestMachine; connect: () => Promise<void> }> {
    const { plan } = this;
    const { ramBytes, writers } = this.platform;
    const { side } = wish;
    const stem = `${side}${wish.tag ?? ''}`;
    const spec: MachineSpec = {
      ...wish,
      arch: plan.arch,
      accel: wish.accel ?? plan.accel,
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
      ...wish,
      answer,
      stopTimeouts,
      binary: wish.binary ?? (side === 'source' ? plan.source : plan.destination),
      directory: this.directory,
      env: plan.env,
      timeoutMs: this.patience.launchMs,
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

  /** Lets go of a machine that has ended: a guest may go through thousands of them. */
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

  /** Ends what still runs, hard. Tells which machines left something behind. */
  async endAll(): Promise<ExitReport[]> {
    const ended = await Promise.allSettled(
      this.#machines.map(async (machine) => {
        await machine[Symbol.asyncDispose]();
        return await machine.process.end();
      }),
    );
    const failure = ended.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return ended.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endAll().catch(() => undefined);
  }
}
