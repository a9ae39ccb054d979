/**
 * One side of an arrival check that Drover did not start: a process, with what its monitor says of
 * it or with answers that a user saved, or a migration file.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { openImage } from '../../../memory/image.js';
import type { MemoryImage } from '../../../memory/image.js';
import { findLiveGuest } from '../../../memory/live-guest.js';
import { asObject, asString } from '../../../model/json.js';
import type { Side } from '../../../model/outcome.js';
import { openBlocks } from '../../../migration/arrival/compare-ram.js';
import type { SideRam } from '../../../migration/arrival/compare-ram.js';
import { readRamBlocks } from '../../../qemu/ram-blocks.js';
import type { RamBlockPlace } from '../../../qemu/ram-blocks.js';
import { fileProblem } from '../../../model/errors.js';
import type { Environment } from '../../process/environment.js';
import { usage } from '../bad-source.js';
import type { OfflineSession } from '../offline-output.js';
import { openSource, pidOf, requireStopped } from '../source/offline-source.js';
import { connectMonitor } from './foreign-monitor.js';
import type { ForeignMonitor } from './foreign-monitor.js';

export interface SideRequest {
  readonly side: Side;
  /** `pid:N` or a migration file */
  readonly what: string;
  /** QMP socket of the process */
  readonly monitor?: string | undefined;
  /** file with what `info ramblock` printed */
  readonly blocks?: string | undefined;
  /** file that `xen-save-devices-state` wrote */
  readonly devices?: string | undefined;
}

export interface ArrivalSide extends AsyncDisposable {
  readonly label: string;
  readonly ram: SideRam;
  /** undefined: there is none, see `problem` */
  readonly devices: MemoryImage | undefined;
  readonly problem: string;
  /** why a difference in device state would prove nothing; undefined where nothing speaks against it */
  readonly doubt: string | undefined;
  /** after reading: throws when the guest has begun to run meanwhile, or a file is not what it was */
  requireUnchanged(): Promise<void>;
}

export async function openSide(
  request: SideRequest,
  environment: Environment,
  session: OfflineSession,
): Promise<ArrivalSide> {
  const pid = pidOf([request.what]);
  return pid === undefined
    ? await openFile(request, environment, session)
    : await openProcess(pid, request, environment, session);
}

async function openFile(
  { what, side, monitor, blocks, devices }: SideRequest,
  environment: Environment,
  session: OfflineSession,
): Promise<ArrivalSide> {
  if (monitor !== undefined || blocks !== undefined) {
    throw usage(
      `--${side}-monitor and --${side}-blocks are of a process: leave them out for file ${what}`,
    );
  }
  const source = await openSource([what], {}, environment, session);
  const { image } = source;
  if (image.report === null) {
    image[Symbol.dispose]();
    throw usage(
      `${what}: a migration file has the names of RAM blocks, this file has none; compare its memory with: drover diff ${what} pid:N`,
    );
  }
  const saved = devices === undefined ? undefined : await openDevices(devices, session.signal);
  return {
    label: source.label,
    ram: {
      image,
      blocks: image.blocks.map(({ name, length, contentElsewhere }, index) =>
        contentElsewhere
          ? { name, usedBytes: length, index: undefined, problem: `its content is not in ${what}` }
          : { name, usedBytes: length, index },
      ),
      [Symbol.dispose]() {
        image[Symbol.dispose]();
      },
    },
    devices: saved ?? image,
    problem: '',
    doubt: undefined,
    async requireUnchanged() {
      await source.requireUnchanged(session.signal);
    },
    [Symbol.asyncDispose]() {
      saved?.[Symbol.dispose]();
      image[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

async function openProcess(
  pid: number,
  request: SideRequest,
  environment: Environment,
  session: OfflineSession,
): Promise<ArrivalSide> {
  const { side, what } = request;
  if ((request.monitor === undefined) === (request.blocks === undefined)) {
    throw usage(
      `${what}: give --${side}-monitor, QEMU's QMP socket, or --${side}-blocks, a file with what its monitor prints for 'info ramblock'`,
    );
  }
  const guest = findLiveGuest(pid);
  const monitor =
    request.monitor === undefined
      ? undefined
      : await connectMonitor(request.monitor, { pid, side, signal: session.signal });
  const requireStill = async (): Promise<void> => {
    if (monitor === undefined) await requireStopped(pid, session.signal);
    else await monitor.requireStopped();
  };
  const folders: string[] = [];
  const images: Disposable[] = [];
  const close = async (): Promise<void> => {
    for (const each of images) each[Symbol.dispose]();
    monitor?.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  };
  try {
    await requireStill();
    const listed =
      monitor === undefined ? blocksOfFile(request.blocks ?? '') : await monitor.ramBlocks();
    // Older QEMUs do not say where blocks lie; main memory is found by its size.
    const blocks = listed.map((block): RamBlockPlace => {
      const isMain = block.usedBytes === guest.words.ramBytes;
      return block.hostAddress === undefined && isMain
        ? { ...block, hostAddress: guest.ram.start }
        : block;
    });
    const ram = openBlocks({ pid, blocks });
    images.push(ram);
    let devices: MemoryImage | undefined;
    let problem = `give --${side}-devices, a file that its monitor command xen-save-devices-state wrote`;
    if (request.devices !== undefined) {
      devices = await openDevices(request.devices, session.signal);
    } else if (monitor !== undefined) {
      const folder = await mkdtemp(path.join(environment.temporaryDirectory, 'drover-arrival-'));
      folders.push(folder);
      const saved = await saveDevices(monitor, path.join(folder, side), session.signal);
      if ('problem' in saved) problem = `${saved.problem}; ${problem}`;
      else devices = saved.image;
    }
    if (devices !== undefined) images.push(devices);
    const machine = guest.words.machine === undefined ? '' : `, machine ${guest.words.machine}`;
    return {
      label: `process ${pid} (${guest.words.arch}${machine})`,
      ram,
      devices,
      problem,
      doubt: await doubtOf(guest.words.arch, monitor),
      requireUnchanged: requireStill,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What may differ was found out for PCs under TCG only. */
async function doubtOf(
  arch: string,
  monitor: ForeignMonitor | undefined,
): Promise<string | undefined> {
  if (!['x86_64', 'i386'].includes(arch)) {
    return `which fields of ${arch} may differ has not been found out`;
  }
  if (monitor === undefined) return undefined;
  const kvm = asObject(await monitor.ask('query-kvm'));
  return kvm['enabled'] === true ? 'under KVM, each save reads the clocks again' : undefined;
}

async function saveDevices(
  monitor: ForeignMonitor,
  filename: string,
  signal: AbortSignal,
): Promise<{ readonly image: MemoryImage } | { readonly problem: string }> {
  try {
    await monitor.ask('xen-save-devices-state', { filename, live: false });
  } catch (error) {
    signal.throwIfAborted();
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  return { image: await openDevices(filename, signal) };
}

async function openDevices(file: string, signal: AbortSignal): Promise<MemoryImage> {
  return await openImage([file], { format: 'stream' }, { signal });
}

function blocksOfFile(file: string): RamBlockPlace[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw usage(`${file}: cannot be read: ${fileProblem(cause)}`);
  }
  // libvirt's virsh writes the answer of a QMP command as JSON
  const answer = /^\s*\{/.test(text) ? asString(asObject(parsed(text))['return']) : text;
  const blocks = readRamBlocks((answer ?? '').replaceAll('\r', ''));
  if (blocks.length > 0) return blocks;
  throw usage(
    `${file}: no RAM block is in it; expected what QEMU's monitor prints for 'info ramblock'`,
  );
}

function parsed(text: string): ReturnType<typeof asObject> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}
