/**
 * Waits until the guest has judged its timers. It counts rounds in each of which every timer was
 * armed and fired once (guest/README.md), and says so on its serial port when one goes wrong.
 */
import { pause, timeoutError } from '../model/deadline.js';
import { guestContract as contract } from '../guest/contract.js';
import type { TestMachine } from './context.js';

/** the first one may have begun at the source, before the switchover */
const roundsToJudge = 2;
/** a round takes some 25 ms */
const glanceMs = 10;

/** Rounds so far; 0: this guest does not look at its timers. */
export async function timerRounds({ spec, qtest }: TestMachine): Promise<number> {
  if (spec.arch !== 'x86_64') return 0;
  return (await qtest.read(contract.x86TimerRounds, 4)).readUInt32LE();
}

/** Waits until each timer that was armed when the guest arrived has fired or is called lost. */
export async function waitTimers(
  machine: TestMachine,
  signal: AbortSignal = machine.context.signal,
): Promise<void> {
  const { context, serial, side } = machine;
  const { deadlines } = context;
  const first = await timerRounds(machine);
  if (first === 0) return;
  const deadline = performance.now() + deadlines.serialMs;
  for (let now = first; now < first + roundsToJudge; now = await timerRounds(machine)) {
    if (serial.broken !== undefined) throw serial.broken;
    if (performance.now() > deadline) {
      throw timeoutError({
        side,
        timeoutMs: deadlines.serialMs,
        waitedFor: `${roundsToJudge} rounds of the guest's timers`,
        lastSeen: `${now - first} rounds`,
      });
    }
    await pause(glanceMs, signal);
  }
}
