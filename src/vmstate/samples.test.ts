import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { samples, samplesSkip, unpack, unpackCase } from '../memory/samples.fixtures.js';
import { asArray, asObject } from '../model/json.js';
import type { Json } from '../model/json.js';
import { decodeState } from './decode.js';
import { findSections } from './sections.fixtures.js';
import type { FoundState } from './sections.fixtures.js';

/**
 * Streams whose sections have no footers, or whose description lies about its sizes, are not for
 * the simple search.
 */
const withoutFooters = new Set(['q72-nofooter']);

function stateOf(name: string): FoundState {
  using scratch = new Scratch();
  const sample = samples.find((one) => one.name === name);
  assert.ok(sample);
  return findSections(readFileSync(unpack(sample, scratch.directory)[0]!));
}

test('every device of every sample decodes to its last byte', { skip: samplesSkip }, (t) => {
  let devices = 0;
  for (const sample of samples) {
    if (sample.has_vmdesc !== true || withoutFooters.has(sample.name)) continue;
    const { sections } = stateOf(sample.name);
    for (const { description, payload } of sections) {
      const { whole, remarks } = decodeState(description.structure, payload);
      const where = `${sample.name}, ${description.name}: ${JSON.stringify(remarks)}`;
      assert.ok(whole, where);
      assert.deepEqual(remarks, [], where);
      devices += 1;
    }
  }
  t.diagnostic(`${devices} device sections`);
  assert.ok(devices > 500);
});

function device(found: FoundState, name: string): Json {
  const section = found.sections.find(({ description }) => description.name === name);
  assert.ok(section, name);
  return decodeState(section.description.structure, section.payload).state;
}

test('values known from outside are where they belong', { skip: samplesSkip }, () => {
  const found = stateOf('q72-exec-plain');
  const cpu = asObject(device(found, 'cpu'));
  // A processor that has not run a single instruction.
  assert.equal(cpu['env.eip'], '0x000000000000fff0');
  assert.equal((cpu['env.regs'] as Json[]).length, 16);
  const rtc = asObject(device(found, 'mc146818rtc'));
  assert.equal((rtc['cmos_data'] as string).length, 2 * 128);
  assert.equal(asObject(device(found, 'globalstate'))['size'], 'prelaunch'.length + 1);
});

test('the variables of a UEFI store are those that QEMU has', { skip: samplesSkip }, () => {
  using scratch = new Scratch();
  const found = findSections(readFileSync(unpackCase('uefi-vars.mig', scratch.directory)));
  const { description, payload } = found.sections.find(
    (section) => section.description.name === 'uefi-vars-sysbus',
  )!;
  const { state, whole, remarks } = decodeState(description.structure, payload);
  assert.deepEqual([whole, remarks], [true, []]);
  const store = asObject(asObject(state)['state']);
  const variables = asArray(store['variables']).map(asObject);
  assert.deepEqual(
    variables.map(({ name }) => Buffer.from(name as string, 'hex').toString('utf16le')),
    ['SetupMode', 'SignatureSupport', 'SecureBoot', 'CustomMode', 'VendorKeysNv', 'VendorKeys'].map(
      (name) => `${name}\0`,
    ),
  );
  const [first] = variables;
  assert.equal(first?.['guid.data'], '61dfe48bca93d211aa0d00e098032b8c');
  assert.deepEqual([first['name_size'], first['data_size'], first['attributes']], [20, 1, 6]);
  assert.deepEqual(
    variables.map((variable) => asObject(variable['uefi-variable-digest'])['digest_size']),
    [undefined, undefined, undefined, undefined, 0, undefined],
  );
  assert.deepEqual(store['var_policies'], []);
});

test(
  'a description that is cut, or lies about a size, never throws and never claims to fit',
  { skip: samplesSkip },
  () => {
    for (const { description, payload } of stateOf('q102-mapped').sections) {
      for (const length of new Set([0, 1, payload.length >> 1, payload.length - 1])) {
        if (length >= payload.length) continue;
        const { whole } = decodeState(description.structure, payload.subarray(0, length));
        assert.equal(whole, false, `${description.name} cut to ${length} bytes`);
      }
      const longer = Buffer.concat([payload, Buffer.from([1])]);
      assert.equal(decodeState(description.structure, longer).whole, false);
    }
  },
);
