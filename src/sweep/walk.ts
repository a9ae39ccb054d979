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

export interface Walked {
  /** what is there, in the order of the devices: less than all after an abort or a failure */
  readonly results: DeviceResult[];
  /** what kept the walk from going on */
  readonly failure?: Error;
}

/** Never throws: what is there when something fails is worth keeping. */
export async function walkDevices(
  walk: Walk,
  check: (request: DeviceRequest) => Promise<DeviceResult> = checkDevice,
): Promise<Walked> {
  const { devices, directory, jobs, onResult, ...request } = walk;
  const failed = new AbortController();
  const signal = AbortSignal.any([request.signal, failed.signal]);
  const results: (DeviceResult | undefined)[] = devices.map(() => undefined);
  const failures: Error[] = [];
  const queue = devices.entries();
  const work = async (): Promise<void> => {
    for (const [index, device] of queue) {
      if (signal.aborted) return;
      try {
        const own = { device, directory: path.join(directory, `d${index}`), signal };
        const result = await check({ ...request, ...own });
        results[index] = result;
        await onResult(result);
      } catch (error) {
        if (error instanceof Cancelled) return;
        failures.push(error instanceof Error ? error : new Error(String(error)));
        failed.abort(new Cancelled());
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const done = results.filter((result) => result !== undefined);
  const [failure] = failures;
  return failure === undefined ? { results: done } : { results: done, failure };
}
