/**
 * A small real QEMU whose guest never ran, with stamps of level `page` in its memory, written from
 * outside by a twin of the contract's formula.
 */
import { closeSync, openSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { contextFor, planFor } from '../../../migration/context.fixtures.js';
import { setCapability } from '../../../migration/commands.js';
import { stampedPage } from '../../../model/page-stamp.js';
import { TestMachine } from '../../../migration/context.js';
import type { MachineSpec } from '../../../model/command-line.js';
import { Machine } from '../../../qemu/machine.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import type { RealQemu } from '../../../qemu/qemus.fixtures.js';
import type { Stage } from './captures.fixtures.js';

const MiB = 1024 ** 2;
export const smallRamBytes = 16 * MiB;
export const pageBytes = 4096;
/** Larger than 255, so that the first byte alone does not give the generation. */
export const generation = 0x2a6;
export const stampedRange = { start: 2 * MiB, end: 6 * MiB };
export const stampedEdge = stampedRange.start + 600 * pageBytes;

/** The memfd behind a machine's RAM, opened for writing. */
export function sharedRamOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  const name = readdirSync(folder).find((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('/memfd:memory-backend-memfd');
    } catch {
      return false;
    }
  });
  if (name === undefined) throw new Error(`process ${pid} has no memory-backend-memfd`);
  return openSync(`${folder}/${name}`, 'r+');
}

function stamp(pid: number): void {
  const fd = sharedRamOf(pid);
  try {
    for (let address = stampedRange.start; address < stampedRange.end; address += pageBytes) {
      const page = stampedPage(address, generation - (address < stampedEdge ? 0 : 1), pageBytes);
      writeSync(fd, page, 0, pageBytes, address);
    }
  } finally {
    closeSync(fd);
  }
}

export async function withStampedMemory(
  qemu: RealQemu,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(plan, scratch.directory);
  const options = {
    binary: plan.source,
    directory: scratch.directory,
    env: plan.env,
    timeoutMs: 20_000,
    signal: context.signal,
  };
  const spec: MachineSpec = {
    side: 'source',
    arch: 'x86_64',
    accel: plan.accel,
    machine: plan.machine,
    ramBytes: smallRamBytes,
    ramRegions: [{ address: 0, size: smallRamBytes }],
    memory: { kind: 'memfd' },
    firmware: context.writeGuest(),
    serialLog: context.file('source.serial'),
    extraArgs: ['-S'],
  };
  const process = await Machine.startProcess(spec, options);
  await using machine = new TestMachine(spec, process, options, context);
  await machine.connect(options);
  await setCapability(machine, 'events');
  stamp(machine.process.pid);
  await body({ scratch, context, machine });
}
