/** Devices one after another, several pairs of QEMUs at a time. */
import path from 'node:path';
import { Cancelled } from '../model/deadline.js';
import { checkDevice } from './check-device.js';
import type { DeviceRequest } from './check-device.js';
import type { DeviceType } from './device-types.js';
import type { DeviceResult } from './document.js';

export interface Walk extends Omit<DeviceRequest, 'device' | 'directory'> {
  readonly devices: readonly DeviceType[];
  /** holds the directory of each device */
  readonly directory: string;
  readonly jobs: number;
  readonly onResult: (result: DeviceResult) => Promise<void>;
}

/** @returns what is there, in the order of the devices: less than all once the signal is aborted */
export async function walkDevices(walk: Walk): Promise<DeviceResult[]> {
  const { devices, directory, jobs, onResult, ...request } = walk;
  const results: (DeviceResult | undefined)[] = devices.map(() => undefined);
  const queue = devices.entries();
  const work = async (): Promise<void> => {
    for (const [index, device] of queue) {
      if (request.signal.aborted) return;
      try {
        const own = { device, directory: path.join(directory, `d${index}`) };
        const result = await checkDevice({ ...request, ...own });
        results[index] = result;
        await onResult(result);
      } catch (error) {
        if (error instanceof Cancelled) return;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: jobs }, work));
  const failure = ended.find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return results.filter((result) => result !== undefined);
}
