/**
 * Probes in which some QEMU dies, such as 10.2.2: what such a probe asks for is then one feature less, with the reason. The
 * others are asked of a new process.
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
  /** how QEMU died, by probe; twice, since a host may end a process, too */
  readonly #crashes = new Map<string, string[]>();

  /** Does `work`, which starts a process and asks it; again, with a new process, when one died in a probe. */
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

  /** @returns what `ask` gives, or what `crashed` makes of the reason if QEMU died in this probe before */
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
      // Who is killed or exits has not crashed.
      if (typeof status?.signal !== 'string' || killers.includes(status.signal)) throw error;
      throw new ProbeCrash(probe, `asked for it, QEMU ${describeExit(status)}`);
    }
  }
}

/** a core dump takes a while */
const exitMs = 10_000;
/** of people and of a host without memory */
const killers: readonly string[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'];
