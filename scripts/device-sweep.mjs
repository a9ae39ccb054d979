// Which devices' state can Drover decode? Starts one QEMU for each device and machine with -S, migrates it into a file and
// decodes what is there. Needs a build. Use: node scripts/device-sweep.mjs [--match REGEX] [--every N] [--list] [QEMU=MACHINE,...]...
//   QEMU     a program, such as .qemu/11.1/bin/qemu-system-x86_64; default: all of .qemu, with the machines below
//   --match  only devices whose name matches
//   --every  only each N-th of them
//   --list   name the devices that do not start, too
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../bench/rounds.mjs';
import { DeviceTypes } from '../dist/devices/device-types.js';
import { argumentsFor } from '../dist/devices/needs.js';
import { deviceStates, readDescription } from '../dist/memory/device-states.js';
import { openImage } from '../dist/memory/image.js';
import { qmpArgs } from '../dist/model/command-line.js';
import { pollUntil } from '../dist/model/deadline.js';
import { resolveBinary } from '../dist/qemu/binary.js';
import { QemuProcess } from '../dist/qemu/process.js';
import { QmpClient, QmpCommandError } from '../dist/qmp/client.js';

const JOBS = 2;
const LIMIT_MS = 60_000;
const MACHINES = {
  x86_64: ['q35', 'pc', 'microvm'],
  i386: ['pc'],
  aarch64: ['virt'],
  riscv64: ['virt'],
  ppc64: ['pseries'],
  s390x: ['s390-ccw-virtio'],
  loongarch64: ['virt'],
};
const RAM_BYTES = 256 * 2 ** 20;
/** as many types may kill a QEMU that is asked for their properties */
const MOST_DEATHS = 8;

const base = ['-m', `${RAM_BYTES}B`, '-nodefaults', '-display', 'none', '-S', ...qmpArgs()];
const searchPath = process.env.PATH ?? '';
const limits = { timeoutMs: LIMIT_MS };

async function start(qemu, machine, args, { file, folder }) {
  const child = await QemuProcess.start({
    binary: resolveBinary(qemu, { searchPath, origin: 'device-sweep' }),
    args: ['-M', machine, ...base, ...args],
    cwd: folder,
    env: process.env,
    outputPath: `${file}.out`,
    sockets: 1,
  });
  return { child, qmp: new QmpClient({ socket: child.sockets[0] }) };
}

/** @returns {Promise<string|undefined>} why there is no file, in QEMU's words */
async function migrate(qemu, machine, args, { file, folder }) {
  const { child, qmp } = await start(qemu, machine, args, { file, folder });
  let status;
  try {
    await qmp.handshake(limits);
    await qmp.execute('migrate', { uri: `exec:cat > ${file}` }, limits);
    await pollUntil({ waitedFor: 'end of the migration', ...limits, everyMs: 20 }, async () => {
      ({ status } = await qmp.execute('query-migrate', {}, limits));
      return ['completed', 'failed'].includes(status) ? undefined : `status ${status}`;
    });
    await child.end(async () => await qmp.execute('quit', {}, limits));
    return status === 'completed' ? undefined : `migration ${status}`;
  } catch (error) {
    await child.end();
    if (error instanceof QmpCommandError) return error.desc;
    return child.outputTail().join('\n').trim() || error.message;
  } finally {
    qmp.close();
    rmSync(`${file}.out`, { force: true });
  }
}

/** Each try asks another QEMU, and not for the types that killed those before. */
async function typesOf(qemu, machine, folder) {
  const types = new DeviceTypes();
  const file = path.join(folder, 'types');
  for (let deaths = 0; ; deaths++) {
    const { child, qmp } = await start(qemu, machine, [], { file, folder });
    try {
      await qmp.handshake(limits);
      return await types.ask(qmp, limits);
    } catch (error) {
      if (deaths >= MOST_DEATHS) throw error;
    } finally {
      await child.end();
      qmp.close();
      rmSync(`${file}.out`, { force: true });
    }
  }
}

/** @returns {Promise<string[]>} what does not decode whole */
async function undecoded(file) {
  const image = await openImage([file], {});
  try {
    const description = await readDescription(image);
    if ('problem' in description) return [description.problem];
    const found = [];
    for await (const { section, whole, remarks } of deviceStates(image, description)) {
      if (!whole || remarks.length > 0) found.push(`${section.name}: ${remarks.join('; ')}`);
    }
    return found;
  } finally {
    image[Symbol.dispose]();
  }
}

async function tryDevice({ qemu, machine, type, folder }) {
  const { name: device } = type;
  const file = path.join(folder, `${device}.mig`);
  const failed = await migrate(qemu, machine, argumentsFor(type, RAM_BYTES), { file, folder });
  if (failed === undefined) {
    const found = await undecoded(file).finally(() => rmSync(file));
    return { device, kind: found.length === 0 ? 'whole' : 'not whole', found };
  }
  rmSync(file, { force: true });
  return { device, kind: 'not started', found: [failed.split('\n').at(-1)] };
}

async function sweep(qemu, machine, { match, every }, folder) {
  const all = await typesOf(qemu, machine, folder);
  const matching = all.filter(({ name }) => new RegExp(match).test(name));
  const types = matching.filter((_, index) => index % Number(every) === 0);
  const tasks = types.map((type) => ({ qemu, machine, type, folder })).reverse();
  const results = [];
  const work = async () => {
    for (let task = tasks.pop(); task; task = tasks.pop()) results.push(await tryDevice(task));
  };
  await Promise.all(Array.from({ length: JOBS }, work));
  return results;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    match: { type: 'string', default: '' },
    every: { type: 'string', default: '1' },
    list: { type: 'boolean' },
  },
});
const ofVersion = (version) => {
  const bin = `.qemu/${version}/bin`;
  return existsSync(bin) ? readdirSync(bin).map((name) => `${bin}/${name}`) : [];
};
const wanted = positionals.length > 0 ? positionals : readdirSync('.qemu').flatMap(ofVersion);
const folder = scratchFolder();
for (const word of wanted) {
  const [qemu, machines] = word.split('=');
  for (const machine of machines?.split(',') ?? MACHINES[qemu.split('-system-')[1]] ?? []) {
    const results = await sweep(qemu, machine, values, folder);
    const count = (kind) => results.filter((result) => result.kind === kind).length;
    const counts = ['whole', 'not whole', 'not started'].map((kind) => `${count(kind)} ${kind}`);
    console.log(`${qemu} -M ${machine}: ${results.length} devices, ${counts.join(', ')}`);
    for (const { device, kind, found } of results) {
      if (kind === 'whole' || (kind === 'not started' && !values.list)) continue;
      console.log(`  ${device}: ${kind}\n${found.map((line) => `    ${line}`).join('\n')}`);
    }
  }
}
