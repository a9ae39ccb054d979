/**
 * Virtio devices whose driver is this test: what it writes into their registers is what `inspect`
 * and `diff` show.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { test } from 'node:test';
import { setCapability } from '../../../migration/commands.js';
import { contextFor, planFor, stoppedMachine } from '../../../migration/context.fixtures.js';
import { asArray, asObject, asString } from '../../../model/json.js';
import type { Json, JsonObject } from '../../../model/json.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import type { QtestClient } from '../../../qemu/qtest.js';
import { realQemu, realQemus } from '../../../qemu/qemus.fixtures.js';
import type { RealQemu } from '../../../qemu/qemus.fixtures.js';
import { hex } from '../../../model/text/format.js';
import { drover } from '../../process/drover.fixtures.js';
import { migrateTo } from '../samples/captures.fixtures.js';

/** ACKNOWLEDGE, DRIVER, FEATURES_OK; then DRIVER_OK as well */
const [featuresOk, driverOk] = [0x0b, 0x0f] as const;

/** A serial device has 64. */
const mostQueues = 4;

/** The registers of a modern device on PCI, at `base`. */
class ModernDevice {
  readonly #qtest: QtestClient;
  readonly #base: number;

  constructor(qtest: QtestClient, base: number) {
    this.#qtest = qtest;
    this.#base = base;
  }

  async write(offset: number, value: number, sizeBytes: number): Promise<void> {
    const bytes = Buffer.alloc(sizeBytes);
    bytes.writeUIntLE(value, 0, sizeBytes);
    await this.#qtest.write(this.#base + offset, bytes);
  }

  async read(offset: number, sizeBytes: number): Promise<number> {
    return (await this.#qtest.read(this.#base + offset, sizeBytes)).readUIntLE(0, sizeBytes);
  }

  /**
   * Takes all features that are offered, and gives queue N empty rings from `rings` + N * 0x3000
   * on.
   */
  async start(rings: number): Promise<void> {
    for (const status of [0, 1, 3]) await this.write(0x14, status, 1);
    for (const word of [0, 1]) {
      await this.write(0, word, 4);
      await this.write(8, word, 4);
      await this.write(0xc, await this.read(4, 4), 4);
    }
    await this.write(0x14, featuresOk, 1);
    await this.#qtest.write(rings, Buffer.alloc(mostQueues * 0x3000));
    const queues = Math.min(mostQueues, await this.read(0x12, 2));
    for (let queue = 0; queue < queues; queue++) {
      await this.write(0x16, queue, 2);
      if ((await this.read(0x18, 2)) === 0) continue;
      for (const [index, register] of [0x20, 0x28, 0x30].entries()) {
        await this.write(register, rings + queue * 0x3000 + index * 0x1000, 4);
        await this.write(register + 4, 0, 4);
      }
      await this.write(0x1c, 1, 2);
    }
    await this.write(0x14, driverOk, 1);
  }
}

async function configSpace(
  qtest: QtestClient,
  slot: number,
  offset: number,
  value?: number,
): Promise<number> {
  await qtest.outPort('l', 0xcf8, 0x80000000 + slot * 0x800 + offset);
  if (value === undefined) return await qtest.inPort('l', 0xcfc);
  await qtest.outPort('l', 0xcfc, value);
  return value;
}

/** Maps the registers of each virtio device at an address of its own. */
async function modernDevices(qtest: QtestClient): Promise<ModernDevice[]> {
  const found: ModernDevice[] = [];
  for (let slot = 1; slot < 32; slot++) {
    if (((await configSpace(qtest, slot, 0)) & 0xffff) !== 0x1af4) continue;
    let at = (await configSpace(qtest, slot, 0x34)) & 0xff;
    while (at !== 0) {
      const here = at;
      const head = await configSpace(qtest, slot, here);
      at = (head >> 8) & 0xff;
      // A vendor's capability of type 1: where the common registers lie.
      if ((head & 0xff) !== 9 || head >>> 24 !== 1) continue;
      const bar = (await configSpace(qtest, slot, here + 4)) & 0xff;
      const base = 0xe0000000 + slot * 0x10000;
      await configSpace(qtest, slot, 0x10 + 4 * bar, base);
      await configSpace(qtest, slot, 0x14 + 4 * bar, 0);
      await configSpace(qtest, slot, 4, 6);
      found.push(new ModernDevice(qtest, base + (await configSpace(qtest, slot, here + 8))));
    }
  }
  return found;
}

const pciDevices = [
  ...['-blockdev', 'driver=null-co,node-name=b,size=1048576', '-device', 'virtio-blk-pci,drive=b'],
  ...[
    '-netdev',
    'hubport,hubid=0,id=n',
    '-device',
    'virtio-net-pci,netdev=n,mac=52:54:00:01:02:03',
  ],
  ...['-device', 'virtio-rng-pci', '-device', 'virtio-balloon-pci', '-device', 'virtio-scsi-pci'],
  ...['-device', 'virtio-serial-pci', '-chardev', 'null,id=c'],
  ...['-device', 'virtserialport,chardev=c,name=port'],
];

/** A migration file of a stopped guest, after `drive` has written into its devices. */
async function savedState(
  qemu: RealQemu,
  extraArgs: readonly string[],
  scratch: Scratch,
  drive: (qtest: QtestClient) => Promise<void>,
): Promise<string> {
  const file = path.join(scratch.directory, `${randomUUID()}.mig`);
  await using context = contextFor(await planFor(qemu, scratch.directory), scratch.directory);
  const machine = await stoppedMachine(context, undefined, extraArgs);
  await drive(machine.qtest);
  await setCapability(machine, 'events');
  await migrateTo({ scratch, context, machine }, `exec:cat > ${file}`);
  return file;
}

/** The state of each virtio device, by the end of its name. */
async function virtioStates(file: string, scratch: Scratch): Promise<Map<string, JsonObject>> {
  const ran = await drover(['inspect', '--dump', 'state', file], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  const found = new Map<string, JsonObject>();
  for (const device of asArray(asObject(JSON.parse(ran.stdout) as Json)['devices']).map(asObject)) {
    const name = asString(device['name']) ?? '';
    const state = asObject(device['state'])['virtio'];
    if (state === undefined) continue;
    assert.deepEqual([device['whole'], device['remarks']], [true, []], name);
    found.set(name.replace(/^.*\//, ''), asObject(state));
  }
  return found;
}

const address = (value: number): string => `0x${value.toString(16).padStart(16, '0')}`;

for (const qemu of realQemus) {
  const title = `QEMU ${qemu.version}: what a driver wrote into virtio devices on PCI is in their state`;
  test(title, { skip: qemu.skip }, async (t) => {
    using scratch = new Scratch();
    // In the order of their slots.
    const names = ['blk', 'net', 'rng', 'balloon', 'scsi', 'console'].map((one) => `virtio-${one}`);
    const rings = (index: number): number => 0x10000 + index * 0x10000;
    const file = await savedState(qemu, pciDevices, scratch, async (qtest) => {
      const devices = await modernDevices(qtest);
      assert.equal(devices.length, names.length);
      for (const [index, device] of devices.entries()) await device.start(rings(index));
    });
    const states = await virtioStates(file, scratch);
    assert.deepEqual([...states.keys()].sort(), [...names].sort());
    for (const [index, name] of names.entries()) {
      const state = states.get(name) ?? {};
      t.diagnostic(`${name}: ${Object.keys(state).join(', ')}`);
      assert.equal(asObject(state['status'])['value'], driverOk, name);
      assert.equal(asObject(state['status'])['DRIVER_OK'], true, name);
      const features = asObject(state['virtio/64bit_features']);
      assert.equal(features['VIRTIO_F_VERSION_1'], true, name);
      assert.ok(
        !Object.keys(features).some((bit) => bit.startsWith('bit ')),
        JSON.stringify(features),
      );
      const [queue] = asArray(state['queues']).map(asObject);
      assert.equal(queue?.['desc'], address(rings(index)), name);
      assert.ok(Number(queue['num']) >= 8, name);
      assert.deepEqual(asArray(state['virtio/virtqueues'])[0], {
        avail: address(rings(index) + 0x1000),
        used: address(rings(index) + 0x2000),
      });
      const modern = asObject(asObject(state['virtio/extra_state'])['virtio_pci/modern_state']);
      assert.equal(asObject(asArray(modern['queues'])[0])['enabled'], true, name);
    }
    assert.equal(asObject(states.get('virtio-net')?.['device'])['mac'], '525400010203');
    assert.deepEqual(states.get('virtio-blk')?.['device'], { requests: [] });
    const [port] = asArray(asObject(states.get('virtio-console')?.['device'])['ports']);
    assert.equal(asObject(port)['id'], 1);
  });
}

for (const qemu of [realQemu('10.0', 'aarch64'), realQemu('11.1', 'aarch64')]) {
  const title = `QEMU ${qemu.version}: what a driver wrote into a virtio device on MMIO is in its state, and diff names it`;
  test(title, { skip: qemu.skip }, async () => {
    const extraArgs = ['-device', 'virtio-balloon-device'];
    using scratch = new Scratch();
    const before = await savedState(qemu, extraArgs, scratch, async () => undefined);
    const after = await savedState(qemu, extraArgs, scratch, async (qtest) => {
      // The first device is in the last of 32 places.
      const base = 0x0a000000 + 31 * 0x200;
      const write = async (register: number, value: number): Promise<void> => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(value);
        await qtest.write(base + register, bytes);
      };
      assert.equal((await qtest.read(base, 4)).toString(), 'virt', hex(base));
      await write(0x28, 4096);
      for (const [queue, frame] of [0x40010, 0x40020].entries()) {
        await write(0x30, queue);
        await write(0x38, 16);
        await write(0x3c, 4096);
        await write(0x40, frame);
      }
      await write(0x70, 3);
    });
    const state = (await virtioStates(after, scratch)).get('virtio-balloon') ?? {};
    assert.deepEqual(asObject(state['mmio'])['guest_page_shift'], 12);
    assert.deepEqual(state['status'], { value: 3, ACKNOWLEDGE: true, DRIVER: true });
    const [, second] = asArray(state['queues']);
    const desc = address(0x40020000);
    assert.deepEqual(second, { num: 16, align: 4096, desc, last_avail_idx: 0 });
    const diff = await drover(['diff', '--no-ram', before, after], scratch);
    assert.equal(diff.code, 1, diff.stderr);
    assert.match(diff.stdout, /^ {4}virtio\.status\.DRIVER: absent in A, true in B$/m);
    assert.match(
      diff.stdout,
      /^ {4}virtio\.queues\[1\]\.desc: 0x0{16} in A, 0x0{8}40020000 in B$/m,
    );
  });
}
