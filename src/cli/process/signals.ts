/**
 * SIGINT, SIGTERM and SIGHUP: the first cancels the run in good order, the second ends the process.
 * QEMUs are not in the terminal's process group, so only Drover gets the signal.
 */
import { Cancelled } from '../../model/deadline.js';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interruption extends Disposable {
  /** aborted at the first signal, with a `Cancelled` */
  readonly signal: AbortSignal;
  /** prints a line for the user; replaced while the live display owns the terminal */
  tell: (line: string) => void;
  /** what the second signal does; it must end the process */
  force: () => void;
}

/**
 * Until `force` is set there is nothing to clean up: the second signal ends the process at once.
 */
export function catchSignals(exitCode: number): Interruption {
  const controller = new AbortController();
  let isOver = false;
  const interruption: Interruption = {
    signal: controller.signal,
    tell: (line) => {
      process.stderr.write(`drover: ${line}\n`);
    },
    force: () => process.exit(exitCode),
    // The handlers stay: a late signal then ends a process that has cleaned up, with our exit code
    // and not the signal's.
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
    interruption.tell(
      'cancelling: stopping the tests in good order; a second signal ends Drover at once',
    );
    controller.abort(new Cancelled());
  };
  for (const name of names) process.on(name, onSignal);
  return interruption;
}
