/**
 * One QEMU process: starts it with its sockets, stops it (QMP quit, SIGTERM, SIGKILL), and reports
 * how it ended: its exit status, what it wrote, whether anything of its process group lives on.
 */
import type { Socket } from 'node:net';
import { HarnessError } from '../model/errors.js';
import { pause, timeoutError, within } from '../model/deadline.js';
import type { Side } from '../model/outcome.js';
import type { QemuBinary } from './binary.js';
import { readTail } from './output-tail.js';
import { describeThreads } from './proc-stat.js';
import { describeExit, groupLives, killAll, signalGroup, spawnProcess } from './spawn.js';
import type { ExitStatus, SpawnedProcess, SpawnSpec } from './spawn.js';

export interface QemuProcessSpec extends Omit<SpawnSpec, 'program' | 'supervise'> {
  readonly binary: QemuBinary<string>;
  readonly side?: Side;
  readonly stopTimeouts?: StopTimeouts;
  /** ends the wait for QEMU to quit early */
  readonly hurry?: AbortSignal;
}

/** How an ended process looked. */
export interface ExitReport {
  readonly status: ExitStatus;
  /** the last step that was needed to end it */
  readonly step: 'itself' | 'quit' | 'term' | 'kill';
  /** something of its process group outlived it and had to be killed */
  readonly survivors: boolean;
  /** what its threads were doing when it did not quit in time; empty when it did */
  readonly stuck: readonly string[];
}

/** how long QEMU may take to end after each step, milliseconds */
export interface StopTimeouts {
  /** after `quit` by QMP */
  readonly quit: number;
  /** after SIGTERM */
  readonly term: number;
  /** after SIGKILL */
  readonly kill: number;
}

/** a supervisor ends all that runs under it within this */
const killedMs = 3000;

/** upstream gives 30 s in all before SIGKILL */
export const usualStopTimeouts: StopTimeouts = { quit: 15_000, term: 15_000, kill: 10_000 };

export class QemuProcess implements AsyncDisposable {
  readonly pid: number;
  readonly sockets: readonly Socket[];
  readonly exited: Promise<ExitStatus>;
  #status: ExitStatus | undefined;
  #report: Promise<ExitReport> | undefined;

  private constructor(
    readonly spec: QemuProcessSpec,
    child: SpawnedProcess,
  ) {
    this.pid = child.pid;
    this.sockets = child.sockets;
    // A peer that dies resets its sockets: the exit status has the cause, not the socket's error.
    for (const socket of child.sockets) socket.on('error', () => undefined);
    this.exited = child.exited.then((status) => (this.#status = status));
  }

  static async start(spec: QemuProcessSpec): Promise<QemuProcess> {
    const child = await spawnProcess({
      ...spec,
      program: '/bin/sh',
      args: ['-c', `exec ${spec.binary.command} "$@"`, 'drover', ...spec.args],
      supervise: spec.binary.isPrefixed,
    });
    return new QemuProcess(spec, child);
  }

  /** how it ended, once it has */
  get status(): ExitStatus | undefined {
    return this.#status;
  }

  get #hasEnded(): boolean {
    return this.#status !== undefined;
  }

  /** `end` was called, with or without success */
  get wasAskedToEnd(): boolean {
    return this.#report !== undefined;
  }

  /** the last lines it wrote on stdout or stderr */
  outputTail(lines = 12): string[] {
    try {
      const text = readTail(this.spec.outputPath).trimEnd();
      return text === '' ? [] : text.split('\n').slice(-lines);
    } catch {
      return [];
    }
  }

  /**
   * Waits for the process to end by itself.
   * @throws HarnessError `deadline`
   */
  async waitForExit(timeoutMs: number, signal?: AbortSignal): Promise<ExitStatus> {
    return await within(this.exited, { timeoutMs, signal }, () =>
      timeoutError({
        waitedFor: 'end of the QEMU process',
        timeoutMs,
        lastSeen: `process ${this.pid} is still there`,
        side: this.spec.side,
      }),
    );
  }

  /**
   * Ends the process: `ask` (QMP quit), SIGTERM, SIGKILL, each only when the one before did not
   * help. Repeatable: later calls get the first call's report.
   */
  async end(ask?: () => Promise<unknown>): Promise<ExitReport> {
    this.#report ??= this.#stop(ask);
    return await this.#report;
  }

  /** by SIGKILL at once; for runs that are over anyway */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#report === undefined && this.#status === undefined) {
      killAll(this.pid, this.spec.binary.isPrefixed);
      await this.#gone(killedMs);
    }
    await this.end();
    for (const socket of this.sockets) socket.destroy();
  }

  async #stop(ask: (() => Promise<unknown>) | undefined): Promise<ExitReport> {
    const timeouts = this.spec.stopTimeouts ?? usualStopTimeouts;
    let step: ExitReport['step'] = 'itself';
    let stuck: string[] = [];
    if (this.#status === undefined && ask !== undefined) {
      step = 'quit';
      // The answer may be lost with the connection; only the exit counts.
      ask().catch(() => undefined);
      await this.#gone(timeouts.quit, this.spec.hurry);
      if (!this.#hasEnded) stuck = describeThreads(this.pid);
    }
    if (this.#status === undefined) {
      step = 'term';
      signalGroup(this.pid, 'SIGTERM');
      await this.#gone(timeouts.term);
    }
    if (this.#status === undefined) {
      step = 'kill';
      killAll(this.pid, this.spec.binary.isPrefixed);
      await this.#gone(killedMs);
    }
    if (!this.#hasEnded) {
      signalGroup(this.pid, 'SIGKILL');
      await this.#gone(timeouts.kill);
    }
    if (this.#status === undefined) {
      throw new HarnessError({
        code: 'unkillable',
        blame: 'host',
        message: `process ${this.pid} is still there ${timeouts.kill / 1000} s after SIGKILL`,
        side: this.spec.side,
      });
    }
    const survivors = !(await this.#groupEnds());
    if (survivors) signalGroup(this.pid, 'SIGKILL');
    return { status: this.#status, step, survivors, stuck };
  }

  /** A helper such as a tracer ends a moment after the process it belongs to. */
  async #groupEnds(): Promise<boolean> {
    for (const afterMs of [0, 10, 50, 200, 500]) {
      if (afterMs > 0) await pause(afterMs);
      if (!groupLives(this.pid)) return true;
    }
    return false;
  }

  async #gone(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await this.waitForExit(timeoutMs, signal).catch(() => undefined);
  }

  /**
   * Why the process is no longer there, as an error with the evidence; for when a connection broke.
   */
  gone(cause: unknown): HarnessError {
    if (cause instanceof HarnessError) {
      const { code, side } = cause.input;
      if (code === 'qemu-exited' && side === this.spec.side) return cause;
    }
    const status = this.#status;
    const whose = this.spec.side === undefined ? 'QEMU' : `the ${this.spec.side} QEMU`;
    return new HarnessError({
      code: 'qemu-exited',
      blame: 'contract',
      message: `${whose} ${status === undefined ? 'closed its connections' : describeExit(status)} unexpectedly`,
      side: this.spec.side,
      details: this.outputTail(),
      cause,
    });
  }
}
