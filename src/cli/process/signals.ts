/**
 * Ctrl-C and its kin: the first asks everything to end in good order, the second forces. QEMUs are
 * not in the terminal's process group, so the signal reaches Drover alone.
 */
import { Cancelled } from '../../model/deadline.js';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interruption extends Disposable {
  /** aborted at the first signal, with a `Cancelled` */
  readonly signal: AbortSignal;
  /** how the user is told; to be changed once something else owns the terminal */
  tell: (line: string) => void;
  /** what the second signal does; it must end the process */
  force: () => void;
}

/** Until `force` is set there is nothing to clean up: the second signal ends the process at once. */
export function catchSignals(exitCode: number): Interruption {
  const controller = new AbortController();
  let isOver = false;
  const interruption: Interruption = {
    signal: controller.signal,
    tell: (line) => {
      process.stderr.write(`drover: ${line}\n`);
    },
    force: () => process.exit(exitCode),
    // Not taken off: what a late signal ends is a process that has cleaned up, and its exit code is still to be ours.
    [Symbol.dispose]: () => {
      interruption.force = () => process.exit(exitCode);
      isOver = true;
    },
  };
  const onSignal = (): void => {
    if (controller.signal.aborted || isOver) {
      interruption.force();
      return;
    }
    interruption.tell('cancelling: ending tests in good order (once more to force)');
    controller.abort(new Cancelled());
  };
  for (const name of names) process.on(name, onSignal);
  return interruption;
}
