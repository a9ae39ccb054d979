/** `drover devices` with real QEMUs: every outcome that a device can come to, and how a run ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { deviceTypesOf } from '../../devices/bare-machine.js';
import { checkDevice } from '../../devices/check-device.js';
import { schemaProblems } from '../../sweep/schema.fixtures.js';
import type { DevicesDocument } from '../../devices/document.js';
import type { SweepOutcome } from '../../sweep/outcome.js';
import { planFor } from '../../migration/context.fixtures.js';
import type { Interference } from '../../migration/context.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { cleanEnd, drover, startDrover } from '../process/drover.fixtures.js';

const [old, middle, newest] = [realQemu('7.2'), realQemu('10.0'), realQemu('11.1')];
const { skip } = middle;
const timeout = 300_000;

function documentIn(file: string): DevicesDocument {
  const document = JSON.parse(readFileSync(file, 'utf8')) as DevicesDocument;
  assert.equal(schemaProblems('devices', document), undefined);
  return document;
}

function outcomeIn({ results }: DevicesDocument, device: string): SweepOutcome {
  const found = results.find((result) => result.device === device)?.outcome;
  assert.ok(found !== undefined, device);
  return found;
}

/** One device on 10.0, with the two sides disturbed; default: without a mistake, and time for it. */
async function outcomeOf(
  name: string,
  interference: Interference = {},
  timeoutMs = 120_000,
): Promise<SweepOutcome> {
  using scratch = new Scratch();
  const { signal } = new AbortController();
  const plan = await planFor(middle, scratch.directory);
  const device = (await deviceTypesOf(plan, scratch.directory, signal)).find(
    (one) => one.name === name,
  );
  assert.ok(device !== undefined, `QEMU has ${name}`);
  const directory = path.join(scratch.directory, 'device');
  const request = { plan, device, directory, timeoutMs, signal, interference };
  const { outcome } = await checkDevice(request);
  assert.deepEqual(scratch.processes(), []);
  assert.ok(!scratch.content.includes('device'), 'its directory is removed');
  return outcome;
}

test(
  'devices that are equal, that QEMU refuses to migrate and that cannot start, with evidence, in all files',
  { skip, timeout },
  async () => {
    using scratch = new Scratch();
    const [json, html] = ['o.json', 'o.html'].map((name) => path.join(scratch.directory, name));
    const match =
      '^(e1000e|virtio-blk-pci|scsi-hd|usb-kbd|ivshmem-plain|vfio-pci|qemu64-x86_64-cpu)$';
    const files = ['--json', json ?? '', '--html', html ?? ''];
    const args = ['devices', '--qemu', middle.command, '--match', match];
    const ran = await drover([...args, ...files], scratch);
    cleanEnd(ran, scratch, 0);
    const document = documentIn(json ?? '');
    assert.match(document.machine, /^pc-q35-10\.0$/);
    assert.equal(document.partial, false);
    assert.deepEqual(
      document.results
        .map(({ device, outcome }) => [device, outcome.kind] as const)
        .toSorted(([a], [b]) => a.localeCompare(b)),
      [
        ['e1000e', 'equal'],
        ['ivshmem-plain', 'not-migratable'],
        ['qemu64-x86_64-cpu', 'equal'],
        ['scsi-hd', 'equal'],
        ['usb-kbd', 'equal'],
        ['vfio-pci', 'cannot-start'],
        ['virtio-blk-pci', 'equal'],
      ],
    );
    assert.equal(document.summary.equal, 5);
    const nic = outcomeIn(document, 'e1000e');
    assert.ok(nic.kind === 'equal' && nic.sections > 25 && nic.blocks > 3 && nic.functions > 3);
    assert.ok(nic.registers > 10 && nic.ramBytes > 2 ** 25, JSON.stringify(nic));
    assert.deepEqual(nic.notCompared, []);
    const blocked = outcomeIn(document, 'ivshmem-plain');
    assert.ok(blocked.kind === 'not-migratable');
    assert.match(blocked.words.join(), /peer mode/);
    const absent = outcomeIn(document, 'vfio-pci');
    assert.ok(absent.kind === 'cannot-start');
    assert.match(absent.words.join(), /No provided host device/);
    assert.match(ran.stdout, /^equal +e1000e {2}\d+ sections, \d+ registers$/m);
    assert.match(ran.stdout, /^7 devices: 5 equal, 1 cannot start, 1 not migratable$/m);
    const page = readFileSync(html ?? '', 'utf8');
    assert.ok(page.endsWith('</body></html>\n') && page.includes('id="of-e1000e"'));

    const again = await drover([...args, '--baseline', json ?? ''], scratch);
    cleanEnd(again, scratch, 0);
    assert.match(again.stdout, /^no change since the baseline$/m);
  },
);

test(
  'from 10.0 to 11.1 a renamed section is refused: a failure without a baseline, and none with one that has it',
  { skip: middle.skip === false ? newest.skip : middle.skip, timeout },
  async () => {
    using scratch = new Scratch();
    const json = path.join(scratch.directory, 'o.json');
    const qemus = ['--qemu-src', middle.command, '--qemu-dst', newest.command];
    const args = ['devices', ...qemus, '--match', '^(isa-vga|virtio-rng-pci|igb|vmclock)$'];
    const ran = await drover([...args, '--json', json], scratch);
    cleanEnd(ran, scratch, 1);
    const document = documentIn(json);
    assert.deepEqual([document.machine, document.summary.equal], ['pc-q35-10.0', 3]);
    const refused = outcomeIn(document, 'isa-vga');
    assert.ok(refused.kind === 'refused', JSON.stringify(refused));
    assert.deepEqual([refused.side, refused.during], ['destination', 'migration']);
    assert.match(refused.words.join('\n'), /Unknown section or instance 'vga' 0/);
    const clock = outcomeIn(document, 'vmclock');
    assert.ok(clock.kind === 'equal');
    assert.match(clock.expected.join('\n'), /RAM block vmclock_page: loading counts them up/);

    const before = await drover([...args, '--baseline', json], scratch);
    cleanEnd(before, scratch, 0);
    const equal = document.results.map((result) =>
      result.device === 'isa-vga' ? { ...result, outcome: { ...clock } } : result,
    );
    writeFileSync(json, JSON.stringify({ ...document, results: equal }));
    const worse = await drover([...args, '--baseline', json], scratch);
    cleanEnd(worse, scratch, 1);
    assert.match(worse.stdout, /^WORSE +isa-vga {2}equal -> refused$/m);
  },
);

test(
  'a destination that lacks the device is refused at the start',
  { skip: middle.skip === false ? newest.skip : middle.skip, timeout },
  async () => {
    using scratch = new Scratch();
    const qemus = ['--qemu-src', newest.command, '--qemu-dst', middle.command];
    const ran = await drover(['devices', ...qemus, '--match', '^virtio-rtc-pci$'], scratch);
    cleanEnd(ran, scratch, 1);
    assert.match(
      ran.stdout,
      /^REFUSED +virtio-rtc-pci {2}the destination does not start with it$/m,
    );
    assert.match(ran.stdout, /'virtio-rtc-pci' is not a valid device model name/);
  },
);

test(
  'configuration, a register and video memory that differ at the destination are named',
  { skip, timeout },
  async () => {
    const changed = await outcomeOf('VGA', {
      beforeCompare: async (_source, { qtest }) => {
        // interrupt line of the function in slot 1, where the device is
        await qtest.outPort('l', 0xcf8, 0x8000083c);
        await qtest.outPort('b', 0xcfc, 0x77);
        // BAR 0 is video memory
        await qtest.write(0xc0000000, Buffer.of(0x99));
      },
    });
    assert.ok(changed.kind === 'differs', JSON.stringify(changed));
    const texts = changed.differences.map(({ text }) => text).join('\n');
    assert.match(
      texts,
      /0000:00:01\.0\/vga: .*config.* is .* at the source, .* at the destination/,
    );
    assert.match(texts, /RAM block 0000:00:01\.0\/vga\.vram: 1 of [\d,]+ pages differ/);
    assert.ok(changed.differences.some(({ field }) => field?.includes('config') === true));

    const nic = await outcomeOf('e1000e', {
      beforeCompare: async (_source, { qtest }) => {
        // FCAL: the source has the telling value
        await qtest.write(0xc0000028, Buffer.of(0x12, 0x34, 0, 0));
      },
    });
    assert.ok(nic.kind === 'differs', JSON.stringify(nic));
    assert.match(nic.differences[0]?.text ?? '', /e1000e: core\.mac\S* is .* at the source/);
  },
);

test(
  'a device that sends no state of its own is not equal: what was written to it is lost',
  { skip, timeout },
  async () => {
    const lost = await outcomeOf('edu');
    assert.ok(lost.kind === 'differs', JSON.stringify(lost));
    assert.deepEqual(
      lost.differences.map(({ section, field }) => `${section} ${field ?? ''}`),
      ['0x10', '0xc', '0x3c', '0x4'].map((at) => `PCI function 00:01.0 configuration ${at}`),
    );
    const [bar] = lost.differences;
    assert.deepEqual([bar?.source, bar?.destination], ['0xc0000000', '0x0']);
  },
);

test(
  'a QEMU that dies is a crash with its side, also after the deadline; one that is killed is the fault of the host, one that is too slow times out',
  { skip, timeout },
  async () => {
    const died = await outcomeOf('edu', {
      beforeCompare: async ({ pid }) => {
        process.kill(pid, 'SIGSEGV');
        return Promise.resolve();
      },
    });
    assert.ok(died.kind === 'crashed', JSON.stringify(died));
    assert.deepEqual([died.side, died.during], ['source', 'comparison']);
    assert.match(died.words.join('\n'), /SIGSEGV/);

    // as the kernel does when memory is used up
    const killed = await outcomeOf('edu', {
      beforeCompare: async (_source, { pid }) => {
        process.kill(pid, 'SIGKILL');
        return Promise.resolve();
      },
    });
    assert.ok(killed.kind === 'broken', JSON.stringify(killed));
    assert.match(killed.words.join('\n'), /the destination QEMU was ended by SIGKILL/);

    const diedLate = await outcomeOf(
      'edu',
      {
        beforeCompare: async (_source, { pid, context }) => {
          process.kill(pid, 'SIGABRT');
          await once(context.signal, 'abort');
        },
      },
      10_000,
    );
    assert.ok(diedLate.kind === 'crashed', JSON.stringify(diedLate));
    assert.deepEqual([diedLate.side, diedLate.during], ['destination', 'comparison']);

    const late = await outcomeOf('edu', {}, 1);
    assert.ok(late.kind === 'timed-out', JSON.stringify(late));
  },
);

test(
  'a type whose properties kill QEMU 7.2 does not keep the others from being listed',
  { skip: old.skip, timeout },
  async () => {
    using scratch = new Scratch();
    const ran = await drover(['devices', '--qemu', old.command, '--list'], scratch);
    cleanEnd(ran, scratch, 0);
    const listed = ran.stdout.split('\n');
    assert.ok(listed.length > 300, String(listed.length));
    for (const name of ['virtio-blk-pci', 'xio3130-downstream']) {
      assert.ok(
        listed.some((line) => line.startsWith(`${name} `)),
        name,
      );
    }
    assert.ok(
      listed.some((line) => /^scsi-hd .*null-co.* -device scsi-hd,id=dut,drive=b0$/.test(line)),
    );
  },
);

test('Ctrl-C ends all QEMUs and writes what is there as partial', { skip, timeout }, async () => {
  using scratch = new Scratch();
  const json = path.join(scratch.directory, 'o.json');
  const args = ['devices', '--qemu', middle.command, '-j', '2', '--json', json];
  const { child, ended } = startDrover(args, scratch);
  let isSent = false;
  child.stdout?.on('data', (chunk: Buffer) => {
    if (isSent || !/^equal /m.test(chunk.toString())) return;
    isSent = true;
    child.kill('SIGINT');
  });
  const ran = await ended;
  cleanEnd(ran, scratch, 130);
  const document = documentIn(json);
  assert.ok(document.partial && document.results.length > 0);
  assert.ok(document.results.length < document.selected);
  assert.match(ran.stdout, /^partial, \d+ of \d+ devices: /m);
  assert.deepEqual(scratch.content, ['o.json']);
});
