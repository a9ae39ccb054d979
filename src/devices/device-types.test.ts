import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asString } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import { QmpCommandError } from '../qmp/client.js';
import { DeviceTypes, readDeviceList } from './device-types.js';

const text = [
  'Network devices:',
  'name "e1000", bus PCI, alias "e1000-82540em", desc "Intel Gigabit Ethernet"',
  'name "made-in", bus System, desc "a part, no-user of it", no-user',
  'name "plain", desc "needs, no bus"',
  '',
  'Uncategorized devices:',
  'name "e1000", bus PCI',
  'name "AC97-x", bus virtio-serial-bus',
  'not a device at all',
].join('\r\n');

test('the list has each device once, with bus and heading, without what users cannot plug in', () => {
  assert.deepEqual(readDeviceList(text), [
    { name: 'e1000', bus: 'PCI', category: 'Network' },
    { name: 'plain', category: 'Network' },
    { name: 'AC97-x', bus: 'virtio-serial-bus', category: 'Uncategorized' },
  ]);
});

/** A QEMU that answers for these types, refuses others, and dies of one. */
function qemuThat(answers: Readonly<Record<string, Json>>, deadly: string) {
  const asked: string[] = [];
  return {
    asked,
    executeRaw: async (command: string, args?: JsonObject): Promise<Json> => {
      if (command === 'human-monitor-command') return Promise.resolve(text);
      const name = asString(args?.['typename']) ?? '';
      asked.push(name);
      if (name === deadly) throw new Error('connection closed');
      const answer = answers[name];
      if (answer === undefined) throw new QmpCommandError(command, 'GenericError', 'no', undefined);
      return Promise.resolve(answer);
    },
  };
}

test('a type that a QEMU refuses to describe has no properties, and one that kills it is not asked again', async () => {
  const types = new DeviceTypes();
  const answers = { e1000: [{ name: 'netdev', type: 'str' }, { name: 'addr' }] };
  const first = qemuThat(answers, 'plain');
  await assert.rejects(types.ask(first), /connection closed/);
  assert.deepEqual(first.asked, ['e1000', 'plain']);
  const second = qemuThat(answers, 'plain');
  const found = await types.ask(second);
  assert.deepEqual(second.asked, ['AC97-x'], 'what is known is not asked either');
  assert.deepEqual(
    found.map(({ name, properties }) => [name, properties]),
    [
      ['e1000', ['netdev', 'addr']],
      ['plain', []],
      ['AC97-x', []],
    ],
  );
});
