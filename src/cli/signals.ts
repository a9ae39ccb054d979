/**
 * Ctrl-C and its kin: the first asks everything to end in good order, the second forces. QEMUs are
 * not in the terminal's process group, so the signal reaches Drover alone.
 */

import { Cancelled } from '../model/deadline.js';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interruption extends Disposable {
  /** aborted at the first signal */
  readonly signal: AbortSignal;
}

/** `force` is called at the second signal and must not return. */
export function catchSignals(tell: (line: string) => void, force: () => void): Interruption {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      force();
      return;
    }
    tell('cancelling: ending tests in good order (once more to force)');
    controller.abort(new Cancelled());
  };
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
