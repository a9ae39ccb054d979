/**
 * Probes in which some QEMU dies, such as 10.2.2. That QEMU then lacks what the probe asks for,
 * with the reason, and a new process answers the other probes.
 */
import { HarnessError } from '../model/errors.js';
import type { QemuProcess } from './process.js';
import { describeExit } from './spawn.js';

/** QEMU died in a probe. */
class ProbeCrash extends Error {
  override readonly name = 'ProbeCrash';

  constructor(
    readonly probe: string,
    readonly how: string,
  ) {
    super(`${probe}: ${how}`);
  }
}

export class RiskyProbes {
  /**
   * how QEMU died, by probe; only the second time counts, since the first may have been a fault of
   * the host
   */
  readonly #crashes = new Map<string, string[]>();

  /**
   * Does `work`, which starts a process and asks it; again, with a new process, when one died in a
   * probe.
   */
  async survive<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ProbeCrash)) throw error;
        const { probe, how } = error;
        this.#crashes.set(probe, [...(this.#crashes.get(probe) ?? []), how]);
      }
    }
  }

  /**
   * @returns what `ask` gives, or what `crashed` makes of the reason if QEMU died in this probe
   * before
   */
  async ask<T>(
    probe: string,
    process: QemuProcess,
    ask: () => Promise<T>,
    crashed: (how: string) => T,
  ): Promise<T> {
    const [, how] = this.#crashes.get(probe) ?? [];
    if (how !== undefined) return crashed(how);
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof HarnessError) || error.code !== 'qmp-closed') throw error;
      await process.waitForExit(exitMs).catch(() => undefined);
      const { status } = process;
      // A QEMU that exited, or that somebody killed, has not crashed.
      if (typeof status?.signal !== 'string' || fromOutside.includes(status.signal)) throw error;
      throw new ProbeCrash(probe, `QEMU ${describeExit(status)} in the probe for it`);
    }
  }
}

/** a core dump takes a while */
const exitMs = 10_000;
/** signals that a user sends, or a host that is out of memory */
const fromOutside: readonly string[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'];
