/**
 * One side of an arrival check that Drover did not start: a process, with what its monitor says of
 * it or with answers that a user saved, or a migration file.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { openImage } from '../../../memory/image.js';
import type { MemoryImage } from '../../../memory/image.js';
import { findLiveGuest, wordsOf } from '../../../memory/live-guest.js';
import { asObject, asString } from '../../../model/json.js';
import { formatCount } from '../../../model/text/format.js';
import type { Side } from '../../../model/outcome.js';
import { openBlocks } from '../../../migration/arrival/compare-ram.js';
import { doubtOf } from '../../../migration/arrival/expected-differences.js';
import type { SideRam } from '../../../migration/arrival/compare-ram.js';
import { readRamBlocks } from '../../../qemu/ram-blocks.js';
import type { RamBlockPlace } from '../../../qemu/ram-blocks.js';
import { RunDirectory } from '../../../qemu/work-directory.js';
import { fileProblem } from '../../../model/errors.js';
import type { Environment } from '../../process/environment.js';
import { usage } from '../bad-source.js';
import type { OfflineSession } from '../offline-output.js';
import { openSource, pidOf, requireStopped } from '../source/offline-source.js';
import { trouble } from '../source/source-facts.js';
import { connectMonitor } from './foreign-monitor.js';
import type { ForeignMonitor } from './foreign-monitor.js';
import { giveTo, hasUserfaultfd, isUnderKvm, programOf, requireMapped } from './foreign-process.js';

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
  /** the QEMU, where the side is a process */
  readonly program?: string | undefined;
  readonly ram: SideRam;
  /** what is known to be missing, one sentence each */
  readonly gaps: readonly string[];
  readonly isUnderKvm: boolean;
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
    gaps: [trouble(source)].filter((text) => text !== undefined).map((text) => `${what}: ${text}`),
    isUnderKvm: false,
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
  const words = wordsOf(pid);
  const monitor =
    request.monitor === undefined
      ? undefined
      : await connectMonitor(request.monitor, { pid, side, signal: session.signal });
  const requireStill = async (): Promise<void> => {
    if (monitor !== undefined) {
      await monitor.requireStopped();
      return;
    }
    await requireStopped(pid, session.signal, "stop it first: monitor command 'stop'");
    if (hasUserfaultfd(pid)) {
      throw usage(
        `${what}: its migration is not complete: it has a userfaultfd, as in postcopy; to read its memory would wait for pages`,
      );
    }
  };
  const folders: RunDirectory[] = [];
  const images: Disposable[] = [];
  const close = async (): Promise<void> => {
    for (const each of images) each[Symbol.dispose]();
    monitor?.close();
    for (const folder of folders) await folder[Symbol.asyncDispose]();
  };
  try {
    await requireStill();
    const listed =
      monitor === undefined ? blocksOfFile(request.blocks ?? '') : await monitor.ramBlocks();
    if (monitor === undefined) requireMapped(pid, request.blocks ?? '', listed);
    const blocks = withMainMemory(pid, words.ramBytes, listed);
    const ram = openBlocks({ pid, blocks });
    images.push(ram);
    let devices: MemoryImage | undefined;
    let problem = `give --${side}-devices, a file that its monitor command xen-save-devices-state wrote`;
    if (request.devices !== undefined) {
      devices = await openDevices(request.devices, session.signal);
    } else if (monitor !== undefined) {
      const folder = new RunDirectory(environment.temporaryDirectory);
      folders.push(folder);
      giveTo(pid, folder.path);
      const saved = await saveDevices(monitor, path.join(folder.path, side), session.signal);
      if ('problem' in saved) problem = `${saved.problem}; ${problem}`;
      else devices = saved.image;
    }
    if (devices !== undefined) images.push(devices);
    const machine = words.machine === undefined ? '' : `, machine ${words.machine}`;
    return {
      label: `process ${pid} (${words.arch}${machine})`,
      program: programOf(pid),
      ram,
      gaps: mainMemoryGap(what, words.ramBytes, listed),
      isUnderKvm: isUnderKvm(pid),
      devices,
      problem,
      doubt: doubtOf(words.arch, isUnderKvm(pid)),
      requireUnchanged: requireStill,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Older QEMUs do not say where blocks lie; main memory is found by its size, if nothing else has it. */
function withMainMemory(
  pid: number,
  ramBytes: number,
  blocks: readonly RamBlockPlace[],
): readonly RamBlockPlace[] {
  const unplaced = blocks.filter(({ hostAddress }) => hostAddress === undefined);
  const [main, ...others] = unplaced.filter(({ usedBytes }) => usedBytes === ramBytes);
  if (main === undefined || others.length > 0) return blocks;
  const { ram } = findLiveGuest(pid);
  return blocks.map((block) => (block === main ? { ...block, hostAddress: ram.start } : block));
}

function mainMemoryGap(what: string, ramBytes: number, blocks: readonly RamBlockPlace[]): string[] {
  const listed = blocks.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  if (listed >= ramBytes) return [];
  return [
    `${what}: the list of its RAM blocks has ${formatCount(listed)} bytes, and it has ${formatCount(ramBytes)} bytes of main memory`,
  ];
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
  requireFile(file, Infinity);
  return await openImage([file], { format: 'stream' }, { signal });
}

/** bytes; a machine has some dozen blocks */
const longestList = 2 ** 22;

function requireFile(file: string, mostBytes: number): void {
  let problem: string | undefined;
  try {
    const found = statSync(file);
    if (!found.isFile()) problem = 'it is not a regular file';
    else if (found.size > mostBytes) problem = `it has more than ${formatCount(mostBytes)} bytes`;
  } catch (cause) {
    problem = fileProblem(cause);
  }
  if (problem !== undefined) throw usage(`${file}: cannot be read: ${problem}`);
}

function blocksOfFile(file: string): RamBlockPlace[] {
  requireFile(file, longestList);
  const text = readFileSync(file, 'utf8');
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
