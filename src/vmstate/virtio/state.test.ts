import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growth, mostGrowth } from '../../model/growth.fixtures.js';
import { Misfit } from '../cursor.js';
import { drawing, testSeed } from '../../model/drawing.fixtures.js';
import type { Json } from '../../model/json.js';
import { deviceState } from './devices.js';
import { virtioState } from './state.js';

const u = (value: number | bigint, sizeBytes: number): Buffer =>
  Buffer.from(
    BigInt(value)
      .toString(16)
      .padStart(2 * sizeBytes, '0'),
    'hex',
  );
const subsection = (name: string, ...body: Buffer[]): Buffer =>
  Buffer.concat([u(5, 1), u(name.length, 1), Buffer.from(name), u(1, 4), ...body]);
const plain = (state: Json): Record<string, Json> =>
  JSON.parse(JSON.stringify(state)) as Record<string, Json>;

/** Status, ISR, queue selector, features, configuration. */
const common = (features: number, config: string): Buffer =>
  Buffer.concat([
    u(0x0f, 1),
    u(1, 1),
    u(2, 2),
    u(features, 4),
    u(config.length / 2, 4),
    Buffer.from(config, 'hex'),
  ]);
/** Selectors and page shift of a transport on MMIO, with one queue. */
const mmio = (features = 0, config = ''): Buffer =>
  Buffer.concat([
    u(0, 4),
    u(1, 4),
    u(12, 4),
    common(features, config),
    u(1, 4),
    u(8, 4),
    u(4096, 4),
    u(0x1234000, 8),
    u(7, 2),
  ]);

interface PciWish {
  readonly vectors?: number;
  readonly express?: boolean;
}

function pci({ vectors = 0, express = false }: PciWish): Buffer {
  const config = Buffer.alloc(express ? 4096 : 256);
  config.writeUInt16LE(0x1af4, 0);
  config.set([0x40], 0x34);
  config.set([0x09, 0x50], 0x40);
  config.set([vectors > 0 ? 0x11 : 0x05, express ? 0x60 : 0], 0x50);
  if (vectors > 0) config.writeUInt16LE(vectors - 1, 0x52);
  config.set([0x10, 0], 0x60);
  const table =
    vectors > 0
      ? [Buffer.alloc(16 * vectors, 3), Buffer.alloc(Math.ceil(vectors / 8)), u(0xffff, 2)]
      : [];
  const queue = [u(1, 4), u(256, 4), u(0, 8), u(0, 2), ...(vectors > 0 ? [u(1, 2)] : [])];
  return Buffer.concat([u(2, 4), config, Buffer.alloc(16), ...table, common(0, ''), ...queue]);
}

test('what all virtio devices have is decoded, bits by their names', () => {
  const state = plain(virtioState(mmio(0x10000020, '0102'), 'virtio-net'));
  assert.deepEqual(state, {
    mmio: { host_features_sel: 0, guest_features_sel: 1, guest_page_shift: 12 },
    status: { value: 15, ACKNOWLEDGE: true, DRIVER: true, DRIVER_OK: true, FEATURES_OK: true },
    isr: 1,
    queue_sel: 2,
    guest_features: {
      value: '0x0000000010000020',
      VIRTIO_NET_F_MAC: true,
      VIRTIO_F_INDIRECT_DESC: true,
    },
    config: '0102',
    queues: [{ num: 8, align: 4096, desc: '0x0000000001234000', last_avail_idx: 7 }],
  });
});

test('PCI has a configuration space of its kind, and vectors if it has MSI-X', () => {
  for (const express of [false, true]) {
    for (const vectors of [0, 1, 9]) {
      const state = plain(virtioState(pci({ vectors, express }), 'virtio-rng'));
      const found = state['pci'] as Record<string, Json>;
      assert.equal((found['config'] as string).length, 2 * (express ? 4096 : 256));
      assert.equal((found['msix_table'] as Json[] | undefined)?.length ?? 0, vectors);
      const [queue] = state['queues'] as Record<string, Json>[];
      assert.equal(queue?.['vector'], vectors > 0 ? 1 : undefined);
    }
  }
});

test('CCW has a subchannel, an adapter, and vectors', () => {
  const ccw = (orb: string): Buffer =>
    Buffer.concat([
      ...[Buffer.alloc(366, 1), subsection(orb, Buffer.alloc(12, 2)), Buffer.alloc(46, 3)],
      ...[subsection('s390_adapter_info/summary_offset', u(4, 4)), u(5, 1), u(0xffffffff, 4)],
      ...[common(0, ''), u(1, 4), u(8, 4), u(0, 8), u(0, 2), u(0xffff, 2)],
    ]);
  const state = plain(virtioState(ccw('s390_subch_dev/orb'), 'virtio-rng'));
  const { subchannel, adapter, ...rest } = state['ccw'] as Record<string, Json>;
  assert.match(subchannel as string, /^(01){366}.*(02){12}$/);
  assert.match(adapter as string, /^(03){46}.*00000004$/);
  assert.deepEqual(rest, { thinint_isc: 5, revision: -1 });
  const [queue] = state['queues'] as Record<string, Json>[];
  assert.deepEqual([queue?.['num'], queue?.['vector']], [8, 0xffff]);
  assert.throws(() => virtioState(ccw('s390_subch_dev/other'), 'virtio-rng'), Misfit);
});

test('subsections are decoded, one of an unknown name or length is shown as bytes', () => {
  const rows = Buffer.alloc(16 * 1024);
  rows.writeBigUInt64BE(0x5000n, 0);
  rows.writeBigUInt64BE(0x6000n, 16 + 8);
  const idle = '00000100000100000000';
  const packed = Buffer.from(`${idle}00020000030000000004${idle.repeat(1022)}`, 'hex');
  const bytes = Buffer.concat([
    mmio(),
    subsection('virtio/64bit_features', u(0x100000001n, 8)),
    subsection('virtio/virtqueues', rows),
    subsection('virtio/new', u(0x0506, 2)),
    subsection('virtio/started', u(1, 2)),
    subsection('virtio/disabled', u(0, 1)),
    subsection('virtio/packed_virtqueues', packed),
    subsection('virtio/extra_state'),
  ]);
  const state = plain(virtioState(bytes, 'virtio-blk'));
  assert.deepEqual(state['virtio/64bit_features'], {
    value: '0x0000000100000001',
    VIRTIO_BLK_F_BARRIER: true,
    VIRTIO_F_VERSION_1: true,
  });
  const zero = '0x0000000000000000';
  assert.deepEqual(state['virtio/virtqueues'], [
    { avail: '0x0000000000005000', used: zero },
    { avail: zero, used: '0x0000000000006000' },
  ]);
  assert.equal(state['virtio/new'], '0506');
  assert.equal(state['virtio/started'], '0001');
  assert.equal(state['virtio/disabled'], false);
  assert.deepEqual(state['virtio/extra_state'], {});
  const [wrapped, second, ...others] = state['virtio/packed_virtqueues'] as Json[];
  const row = { last_avail_idx: 0, last_avail_wrap_counter: true, used_idx: 0 };
  assert.deepEqual(wrapped, { ...row, used_wrap_counter: true, inuse: 0 });
  assert.deepEqual(second, {
    last_avail_idx: 2,
    last_avail_wrap_counter: false,
    used_idx: 3,
    used_wrap_counter: false,
    inuse: 4,
  });
  assert.deepEqual(others, []);
  assert.equal(state['device'], undefined);
});

test('what a kind of device adds is decoded if it is known, and bytes if it is not', () => {
  const tail = subsection('virtio/started', u(1, 1));
  const of = (device: string, own: string): Json | undefined =>
    plain(virtioState(Buffer.concat([mmio(), Buffer.from(own, 'hex'), tail]), device))['device'];
  assert.deepEqual(of('virtio-balloon', '0000000100000002'), { num_pages: 1, actual: 2 });
  assert.deepEqual(of('virtio-balloon', '000000010000000203'), {
    num_pages: 1,
    actual: 2,
    '(not described)': '03',
  });
  assert.deepEqual(of('virtio-blk', '00'), { requests: [] });
  assert.deepEqual(of('virtio-blk', '01020300'), { requests: '01020300' });
  assert.equal(of('virtio-gpu', '0102'), '0102');
  assert.equal(of('virtio-balloon', '000001'), '000001');
});

test('bytes of no known layout are a misfit, whatever they are', () => {
  const random = drawing(testSeed);
  const whole = Buffer.concat([
    pci({ vectors: 3, express: true }),
    subsection('virtio/started', u(1, 1)),
  ]);
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(whole.subarray(0, random(whole.length + 1)));
    for (let change = random(6); change > 0 && bytes.length > 0; change--) {
      bytes[random(Math.min(bytes.length, 0x1100))] = random(256);
    }
    try {
      virtioState(bytes, 'virtio-net');
    } catch (error) {
      assert.ok(error instanceof Misfit, String(error));
    }
  }
  assert.throws(() => virtioState(Buffer.alloc(0), 'virtio-net'), Misfit);
});

test('the work for subsections grows as their number', () => {
  const grown = growth(2500, (count) => {
    const headers = Buffer.concat([
      mmio(),
      u(0, 1),
      Buffer.concat(Array<Buffer>(count).fill(subsection('virtio/x'))),
      u(9, 1),
    ]);
    virtioState(headers, 'virtio-rng');
  });
  assert.ok(grown < mostGrowth, `${grown} times the time for 16 times the subsections`);
});

test('a network device that can have several pairs of queues says so, however many its guest uses', () => {
  const offloads = 1n << 2n;
  const common = Buffer.alloc(6 + 4 + 4 + 2 + 2 + 4 + 512 + 4 + 7);
  const bytes = (hex: string): Buffer => Buffer.concat([common, Buffer.from(hex, 'hex')]);
  const state = (hex: string): Record<string, unknown> =>
    deviceState('virtio-net', bytes(hex), offloads) as Record<string, unknown>;
  const none = state('0000000000000011');
  assert.deepEqual(
    [none['max_queue_pairs'], none['guest_offloads']],
    [undefined, '0x0000000000000011'],
  );
  const one = state('00040001' + '0000000000000011');
  assert.deepEqual(
    [one['max_queue_pairs'], one['queue_pairs'], one['more_tx_waiting'], one['guest_offloads']],
    [4, 1, [], '0x0000000000000011'],
  );
  const two = state('00040002' + '00000007' + '0000000000000011');
  assert.deepEqual([two['queue_pairs'], two['more_tx_waiting']], [2, [7]]);
  const odd = '00040003' + '00000007' + '0000000000000011';
  assert.equal(state(odd), bytes(odd).toString('hex'));
});
