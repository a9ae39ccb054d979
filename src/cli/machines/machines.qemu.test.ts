/** `drover machines` with real QEMUs: what machines of several targets come to, and a baseline. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { checkMachine } from '../../machines/check-machine.js';
import type { MachinesDocument } from '../../machines/document.js';
import { env } from '../../migration/context.fixtures.js';
import type { Interference } from '../../migration/context.js';
import { makePlan } from '../../migration/plan.js';
import { ramRegions } from '../../model/ram-layout.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { resolveTarget } from '../../qemu/binary.js';
import { probeFeatures } from '../../qemu/probe.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import type { SweepOutcome } from '../../sweep/outcome.js';
import { schemaProblems } from '../../sweep/schema.fixtures.js';
import { cleanEnd, drover } from '../process/drover.fixtures.js';

const [middle, newest] = [realQemu('10.0'), realQemu('11.1')];
const timeout = 300_000;

function documentIn(file: string): MachinesDocument {
  const document = JSON.parse(readFileSync(file, 'utf8')) as MachinesDocument;
  assert.equal(schemaProblems('machines', document), undefined);
  return document;
}

test(
  'machines of several targets, stopped and live; RAM lies where Drover says; a change is named',
  { skip: newest.skip, timeout },
  async () => {
    using scratch = new Scratch();
    const [json, html] = ['o.json', 'o.html'].map((name) => path.join(scratch.directory, name));
    const args = ['machines', '--qemu', path.dirname(newest.command)];
    const which = ['--arch', 'x86_64', 'aarch64', 'ppc64'];
    const machine = ['--machine', '^(isapc|nitro|raspi3b|virt-9\\.2|mac99)$'];
    const all = [...args, ...which, ...machine];
    const ran = await drover([...all, '--json', json ?? '', '--html', html ?? ''], scratch);
    cleanEnd(ran, scratch, 1);
    const document = documentIn(json ?? '');
    const kinds = document.results.map(
      ({ target, machine: name, mode, outcome }) => `${target} ${name} ${mode}: ${outcome.kind}`,
    );
    assert.deepEqual(kinds.toSorted(), [
      'aarch64 raspi3b stopped: equal',
      'aarch64 virt-9.2 live: equal',
      'aarch64 virt-9.2 stopped: equal',
      'ppc64 mac99 stopped: differs',
      'x86_64 isapc stopped: equal',
      'x86_64 nitro stopped: cannot-start',
    ]);
    for (const { target, machine: name, ram, outcome } of document.results) {
      if (ram === undefined) continue;
      const largest = ram.reduce((a, b) => (b.size > a.size ? b : a));
      const [region] = ramRegions(target, name, largest.offset + largest.size);
      assert.equal(largest.address - largest.offset, region?.address, `${target} ${name}`);
      assert.ok('ramBytes' in outcome && outcome.ramBytes >= largest.size && outcome.sections > 5);
    }
    assert.match(ran.stdout, /openpic: src\[0\]\.ivpr is 2684354560 at the source/);
    const page = readFileSync(html ?? '', 'utf8');
    assert.ok(page.endsWith('</body></html>\n') && page.includes('id="of-ppc64-mac99-stopped"'));

    const results = document.results.map((result) => ({ ...result, machine: result.machine }));
    const equal = results.find(({ outcome }) => outcome.kind === 'equal')?.outcome;
    const better = results.map((result) =>
      result.machine === 'mac99' ? { ...result, outcome: equal } : result,
    );
    writeFileSync(json ?? '', JSON.stringify({ ...document, results: better }));
    const mac = [...args, '--arch', 'ppc64', '--machine', '^mac99$', '--baseline', json ?? ''];
    const worse = await drover(mac, scratch);
    cleanEnd(worse, scratch, 1);
    assert.match(worse.stdout, /^WORSE +ppc64 mac99 stopped {2}equal -> differs$/m);
  },
);

test(
  'a processor whose state the newer QEMU does not load is refused, in its words',
  { skip: middle.skip === false ? newest.skip : middle.skip, timeout },
  async () => {
    using scratch = new Scratch();
    const qemus = ['--qemu-src', middle.command, '--qemu-dst', newest.command].map((word) =>
      word.startsWith('--') ? word : path.dirname(word),
    );
    const args = [...qemus, '--arch', 'riscv64', '--machine', '^spike$'];
    const ran = await drover(['machines', ...args], scratch);
    cleanEnd(ran, scratch, 1);
    assert.match(ran.stdout, /^REFUSED +riscv64 spike stopped {2}by the destination/m);
    assert.match(ran.stdout, /device 'cpu': cpu: incoming version_id 10 is too old/);
  },
);

/** One machine on 11.1, with the two sides disturbed. */
async function outcomeOf(machine: string, interference: Interference): Promise<SweepOutcome> {
  using scratch = new Scratch();
  const command = path.join(path.dirname(newest.command), 'qemu-system-riscv64');
  const binary = resolveTarget(command, { searchPath: '', origin: 'test' });
  const { directory } = scratch;
  const features = await probeFeatures(binary, { directory, env, timeoutMs: 60_000 });
  const plan = makePlan<string>({ source: { binary, features }, machine, env });
  const { signal } = new AbortController();
  const own = { directory: path.join(directory, 'machine'), timeoutMs: 120_000, signal };
  const { outcome } = await checkMachine({ ...own, plan, mode: 'stopped', interference });
  assert.deepEqual(scratch.processes(), []);
  return outcome;
}

test(
  'a byte of RAM that differs at the destination is named, with its block',
  { skip: newest.skip, timeout },
  async () => {
    const changed = await outcomeOf('spike', {
      beforeCompare: async (_source, { qtest }) => {
        await qtest.write(0x80123456, Buffer.of(0x99));
      },
    });
    assert.ok(changed.kind === 'differs', JSON.stringify(changed));
    const [first] = changed.differences;
    assert.match(first?.text ?? '', /RAM block riscv\.spike\.ram: 1 of [\d,]+ pages differ/);
    assert.match(first?.text ?? '', /the first difference is at 0x123456: 0x0 at the source, 0x99/);
  },
);
