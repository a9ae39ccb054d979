/** Device state alone, side by side: as bytes, and by a description from elsewhere. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { outlineOf } from '../vmstate/outline.js';
import { diffDevices } from './device-diff.js';
import type { DeviceDifference } from './device-diff.js';
import type { Description } from './device-states.js';
import { openImage } from './image.js';

/** bytes of each section's state, in hexadecimal, by its name */
type Sections = Readonly<Record<string, string>>;

function streamOf(sections: Sections): Buffer {
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const parts = Object.entries(sections).map(([name, payload], id) => [
    ...[Buffer.of(4), u32(id), Buffer.of(name.length), Buffer.from(name), u32(0), u32(1)],
    ...[Buffer.from(payload.replaceAll(' ', ''), 'hex'), Buffer.of(0x7e), u32(id)],
  ]);
  return Buffer.concat([Buffer.from('QEVM'), u32(3), ...parts.flat(), Buffer.of(0)]);
}

/** Each device: names of its fields, of 4 bytes each. */
function describing(devices: Readonly<Record<string, readonly string[]>>): Description {
  const all = Object.entries(devices).map(([name, fields]) => ({
    ...{ name, instance_id: 0, vmsd_name: name, version: 1 },
    fields: fields.map((field) => ({ name: field, type: 'uint32', size: 4 })),
  }));
  const text = Buffer.from(JSON.stringify({ page_size: 4096, devices: all }));
  const pieces = outlineOf(text).devices;
  return {
    text,
    pieces: new Map(all.map(({ name }, at) => [`0 ${name}`, pieces.slice(at, at + 1)])),
  };
}

async function differences(
  [first, second]: readonly [Sections, Sections],
  { limit = 10, described }: { limit?: number; described?: Description } = {},
): Promise<readonly DeviceDifference[]> {
  using scratch = new Scratch();
  const [one, other] = [first, second].map((sections, index) => {
    const file = path.join(scratch.directory, String(index));
    writeFileSync(file, streamOf(sections));
    return file;
  });
  using a = await openImage([one ?? '']);
  using b = await openImage([other ?? '']);
  const found = await diffDevices(a, b, limit, described && [described, described]);
  assert.equal(found?.compared, Object.keys(first).filter((name) => name in second).length);
  return found.differences;
}

const byBytes = (name: string, offset: number): DeviceDifference => ({
  ...{ name, instance: 0, kind: 'bytes', total: 0, fields: [], offset },
});
const byFields = (name: string, ...fields: DeviceDifference['fields']): DeviceDifference => ({
  ...{ name, instance: 0, kind: 'fields', total: fields.length, fields, offset: null },
});

const described = describing({ timer: ['ticks', 'limit'], cpu: ['pc'] });

test('without a description, sections differ from a byte on', async () => {
  const pair = [
    { timer: '00000001 00000002', cpu: '00000003' },
    { timer: '00000001 00000004', cpu: '00000003' },
  ] as const;
  assert.deepEqual(await differences(pair), [byBytes('timer', 7)]);
  assert.deepEqual(await differences([pair[0], pair[0]], { described }), []);
});

test('a description from elsewhere names the fields of both sides', async () => {
  const pair = [
    { timer: '00000001 00000002', cpu: '00000003' },
    { timer: '00000005 00000004', cpu: '00000003' },
  ] as const;
  const [ticks, limit] = [
    { path: 'ticks', a: 1, b: 5 },
    { path: 'limit', a: 2, b: 4 },
  ];
  assert.deepEqual(await differences(pair, { described }), [byFields('timer', ticks, limit)]);
  assert.deepEqual(await differences(pair, { described, limit: 1 }), [
    { ...byFields('timer', ticks), total: 2 },
  ]);
});

test('what that description does not mention is compared as bytes', async () => {
  const pair = [
    { timer: '00000001 00000002 aa', cpu: '00000003', odd: '0102' },
    { timer: '00000001 00000002 bb', cpu: '00000003', odd: '0103' },
  ] as const;
  assert.deepEqual(await differences(pair, { described }), [
    byFields('timer', { path: '(not described)', a: 'aa', b: 'bb' }),
    byBytes('odd', 1),
  ]);
});

test('a description of more than there is goes as far as the bytes do', async () => {
  const pair = [
    { timer: '00000001 0000', cpu: '00000003' },
    { timer: '00000002 0001', cpu: '00000003' },
  ] as const;
  const [difference] = await differences(pair, { described });
  assert.equal(difference?.kind, 'fields');
  assert.deepEqual(difference.fields[0], { path: 'ticks', a: 1, b: 2 });
  assert.equal(difference.total, 2, 'the two bytes behind it count');
});

test('a description that cannot be used leaves bytes', async () => {
  const pair = [{ timer: '00000001' }, { timer: '00000002' }] as const;
  const none: Description = { problem: 'it could not be made' };
  assert.deepEqual(await differences(pair, { described: none }), [byBytes('timer', 3)]);
});

test('a section of one side, and one that is longer there, differs', async () => {
  const pair = [
    { timer: '00000001 00000002', cpu: '00000003' },
    { timer: '00000001 00000002 00', usb: '00' },
  ] as const;
  const found = await differences(pair, { described });
  assert.deepEqual(
    found.map(({ name, kind }) => [name, kind]),
    [
      ['timer', 'fields'],
      ['cpu', 'only-in-a'],
      ['usb', 'only-in-b'],
    ],
  );
});
