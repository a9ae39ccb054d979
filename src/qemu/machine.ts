/**
 * One side of a pair: a QEMU process together with its QMP, qtest and serial connections and a view
 * of its guest's memory. The code that starts one disposes of it.
 */
import type { PageRange } from '../model/stamps.js';
import path from 'node:path';
import { Cancelled, endlessMs } from '../model/deadline.js';
import { machineArgs } from '../model/command-line.js';
import type { MachineSpec } from '../model/command-line.js';
import { exercisedBy, exercisedByAddress } from '../model/coverage.js';
import type { CoverageItem } from '../model/coverage.js';
import type { Json } from '../model/json.js';
import type { Side } from '../model/outcome.js';
import type { GuestRam } from '../memory/guest-ram.js';
import { loadAddon } from '../native/addon.js';
import { QmpClient } from '../qmp/client.js';
import type { QmpClientOptions } from '../qmp/client.js';
import type { Greeting } from '../qmp/greeting.js';
import { Transcript } from '../qmp/transcript.js';
import type { QemuBinary } from './binary.js';
import { findQemu } from './find-qemu.js';
import { QemuProcess, usualStopTimeouts } from './process.js';
import type { ExitReport, StopTimeouts } from './process.js';
import { QtestClient } from './qtest.js';
import { openGuestRam } from './ram.js';
import { SerialConsole } from './serial.js';
import { socketFd } from './socket-fd.js';
import { writeLaunchRecord } from './launch-record.js';

/** how long a crash may take to show, once its connections are lost */
const momentMs = 300;

export interface LaunchOptions {
  readonly binary: QemuBinary<string>;
  /** private directory; evidence files are named after the side and `tag` */
  readonly directory: string;
  /** distinguishes a second destination's files from the first's */
  readonly tag?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** negotiate out-of-band commands */
  readonly oob?: boolean;
  /** it may be stopped in a debugger: neither commands nor `quit` have a deadline */
  readonly unhurried?: boolean;
  readonly stopTimeouts?: StopTimeouts;
  /** see QmpClientOptions */
  readonly answer?: QmpClientOptions['answer'];
}

/** what all evidence files of a machine begin with */
function stemOf({ side }: MachineSpec, { directory, tag = '' }: LaunchOptions): string {
  return path.join(directory, `${side}${tag}`);
}

export class Machine implements AsyncDisposable {
  readonly side: Side;
  readonly qmp: QmpClient;
  readonly qtest: QtestClient;
  readonly serial: SerialConsole;
  readonly binary: QemuBinary<string>;
  /** it has greeted on QMP */
  isUp = false;
  /** what its evidence files are called after */
  readonly name: string;
  /** migration features that were switched on and accepted */
  readonly exercised = new Set<CoverageItem>();
  /** migration parameters that were set and accepted, with their last values */
  readonly parameters = new Map<string, Json>();
  /** on the clock of `performance.now`; the QMP transcript counts from here */
  readonly startedAtMs: number;
  #ram: Promise<GuestRam> | undefined;

  private readonly transcript: Transcript;

  /** @param process as `startProcess` gives it */
  constructor(
    readonly spec: MachineSpec,
    readonly process: QemuProcess,
    options: LaunchOptions,
  ) {
    const { unhurried, answer } = options;
    const transcript = new Transcript(`${stemOf(spec, options)}.qmp.jsonl`);
    this.transcript = transcript;
    const commandMs = unhurried === true ? endlessMs : undefined;
    this.side = spec.side;
    this.binary = options.binary;
    this.name = path.basename(transcript.path, '.qmp.jsonl');
    this.startedAtMs = transcript.startedAtMs;
    const [qmp, qtest, serial] = process.sockets;
    if (qmp === undefined || qtest === undefined || serial === undefined) {
      throw new Error('a machine has three sockets');
    }
    this.qmp = new QmpClient({
      socket: qmp,
      side: spec.side,
      transcript,
      onAccepted: (command, args) => {
        for (const item of exercisedBy(command, args)) this.exercised.add(item);
        if (command !== 'migrate-set-parameters') return;
        for (const [name, value] of Object.entries(args ?? {})) {
          if (value !== undefined) this.parameters.set(name, value);
        }
      },
      commandMs,
      answer,
      sendFds: async (data, fds) => {
        await loadAddon().sendFds(socketFd(qmp), data, fds, 10_000).promise;
      },
    });
    this.qtest = new QtestClient(qtest, spec.side, commandMs);
    this.serial = new SerialConsole(serial, spec.side, spec.incoming !== undefined);
  }

  /** Starts the process only; `connect` follows when QEMU is known to answer. */
  static async startProcess(spec: MachineSpec, options: LaunchOptions): Promise<QemuProcess> {
    if (options.signal?.aborted === true) throw new Cancelled();
    const stem = stemOf(spec, options);
    const args = machineArgs(spec);
    const { unhurried = false } = options;
    writeLaunchRecord(`${stem}.cmdline`, options.binary, args);
    return await QemuProcess.start({
      binary: options.binary,
      args,
      cwd: options.directory,
      env: options.env,
      outputPath: `${stem}.stderr`,
      sockets: 3,
      descriptors: spec.memory.kind === 'shmem' ? [spec.memory.descriptor] : [],
      side: spec.side,
      stopTimeouts: unhurried ? { ...usualStopTimeouts, quit: endlessMs } : options.stopTimeouts,
      hurry: unhurried ? options.signal : undefined,
    });
  }

  /** of the QEMU itself, once it answers: what was started may be a tool that runs it */
  get pid(): number {
    return findQemu(this.process.pid, this.spec.serialLog);
  }

  async connect(options: LaunchOptions): Promise<Greeting> {
    try {
      const greeting = await this.qmp.handshake({
        timeoutMs: options.timeoutMs,
        signal: options.signal,
        oob: options.oob ?? false,
      });
      this.isUp = true;
      for (const item of exercisedByAddress(this.spec.incoming)) this.exercised.add(item);
      return greeting;
    } catch (error) {
      throw (await this.endedByItself()) ? this.process.gone(error) : error;
    }
  }

  /**
   * Prepares for a QEMU that replaces itself by another one in the same process; `connect` then
   * greets that one.
   */
  async expectSuccessor(): Promise<void> {
    await this.#closeRam();
    this.qmp.expectGreeting();
  }

  /** A view of guest RAM that covers `range`; opened once, closed with the machine. */
  async ram(range: PageRange, signal?: AbortSignal): Promise<GuestRam> {
    this.#ram ??= openGuestRam({
      pid: this.pid,
      spec: this.spec,
      qmp: this.qmp,
      qtest: this.qtest,
      range,
      signal,
    });
    return await this.#ram;
  }

  /** True when the process is gone, or goes within a moment, without having been asked to. */
  async endedByItself(): Promise<boolean> {
    if (this.process.wasAskedToEnd) return false;
    await this.process.waitForExit(momentMs).catch(() => undefined);
    return this.process.status !== undefined;
  }

  /** Asks QEMU to quit, and stops it by signals when it does not. */
  async end(): Promise<ExitReport> {
    await this.#closeRam();
    return await this.process.end(async () => await this.qmp.execute('quit'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeRam();
    this.qmp.close();
    this.qtest.close();
    try {
      await this.process[Symbol.asyncDispose]();
    } finally {
      await this.transcript[Symbol.asyncDispose]();
    }
  }

  async #closeRam(): Promise<void> {
    const ram = await this.#ram?.catch(() => undefined);
    this.#ram = undefined;
    await ram?.[Symbol.asyncDispose]();
  }
}
