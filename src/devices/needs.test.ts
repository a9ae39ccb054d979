import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argumentsFor } from './needs.js';

const MiB = 2 ** 20;
const argsOf = (name: string, properties: readonly string[] = [], bus = 'PCI'): string =>
  argumentsFor({ name, bus, properties }, 32 * MiB).join(' ');

test('a device without needs is alone on a machine without defaults', () => {
  assert.equal(argsOf('edu'), '-nodefaults -device edu,id=dut');
  const args = argumentsFor({ name: 'loader', properties: [] }, MiB);
  assert.deepEqual(args, ['-nodefaults', '-device', 'loader,id=dut']);
});

const backed: readonly (readonly [property: string, option: string, value: RegExp])[] = [
  ['drive', '-blockdev', /driver=null-co,node-name=b0,/],
  ['netdev', '-netdev', /hubport,id=b0,/],
  ['chardev', '-chardev', /null,id=b0/],
  ['memdev', '-object', /memory-backend-ram,id=b0,/],
  ['audiodev', '-audiodev', /none,id=b0/],
  ['cryptodev', '-object', /cryptodev-backend-builtin,id=b0/],
  ['canbus', '-object', /can-bus,id=b0/],
  ['fsdev', '-fsdev', /synth,id=b0/],
];

for (const [property, option, value] of backed) {
  test(`a device with property ${property} gets a backend for it, made before it`, () => {
    const args = argumentsFor({ name: 'some', bus: 'PCI', properties: ['x', property] }, MiB);
    const at = args.indexOf(option);
    assert.match(args[at + 1] ?? '', value);
    assert.equal(args.at(-1), `some,id=dut,${property}=b0`);
    assert.ok(at >= 0 && at < args.length - 2);
  });
}

test('a bus that machines lack is brought, one device after another', () => {
  assert.match(argsOf('usb-kbd', [], 'usb-bus'), /^-nodefaults -device qemu-xhci -device usb-kbd,/);
  assert.match(argsOf('x', [], 'ccid-bus'), /-device qemu-xhci -device usb-ccid -device x,id=dut/);
  assert.match(argsOf('scsi-hd', ['drive'], 'SCSI'), /-device virtio-scsi-pci .*,drive=b0$/);
});

test('a pluggable processor has the model of the machine, and a socket is free for it', () => {
  const args = argsOf('Haswell-v2-x86_64-cpu', [], 'none');
  assert.match(args, /-cpu Haswell-v2 -smp cpus=1,sockets=2,/);
  assert.match(args, /-device Haswell-v2-x86_64-cpu,id=dut,socket-id=1,core-id=0,thread-id=0$/);
});

test('memory devices get slots, of the memory that the machine has', () => {
  const args = argsOf('nvdimm', ['memdev'], 'none');
  assert.match(args, /-m 33554432B,slots=2,maxmem=1G -machine nvdimm=on/);
});

test('ivshmem-doorbell, which would wait for a server, gets no chardev', () => {
  assert.doesNotMatch(argsOf('ivshmem-doorbell', ['chardev']), /-chardev/);
});
