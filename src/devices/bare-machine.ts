/** A machine as the source starts it, but with nothing plugged in: asked what it could have. */
import { TestContext } from '../migration/context.js';
import type { PairPlan } from '../migration/plan.js';
import { guestRamBytes } from './check-device.js';
import { DeviceTypes } from './device-types.js';
import type { DeviceType } from './device-types.js';

/** more types than have killed a QEMU of any release that was tried: 7.2 dies of one */
const mostDeaths = 8;

/** @param directory private; exists */
export async function deviceTypesOf(
  plan: PairPlan,
  directory: string,
  signal: AbortSignal,
): Promise<DeviceType[]> {
  const types = new DeviceTypes();
  await using context = new TestContext({
    ...{ plan, directory, signal },
    observer: { phase: () => undefined, status: () => undefined },
    guest: { ramBytes: guestRamBytes },
  });
  const firmware = context.writeGuest();
  for (let deaths = 0; ; deaths++) {
    const machine = await context.startMachine({
      side: 'source',
      tag: `-asked-${deaths}`,
      firmware,
      memory: { kind: 'anon' },
      paused: true,
      extraArgs: ['-nodefaults'],
    });
    try {
      return await types.ask(machine.qmp, { signal });
    } catch (error) {
      if (signal.aborted || !(await machine.endedByItself())) throw error;
      if (deaths >= mostDeaths) throw machine.process.gone(error);
    }
  }
}
