/** `drover arrival` on QEMUs that it did not start: by their monitors, by saved answers, by a file. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { asObject } from '../../../model/json.js';
import type { Json, JsonObject } from '../../../model/json.js';
import { Scratch, sharedMemoryFiles } from '../../../model/scratch.fixtures.js';
import { contextFor, planFor } from '../../../migration/context.fixtures.js';
import type { TestMachine } from '../../../migration/context.js';
import { startPair } from '../../../migration/pair.js';
import type { Pair } from '../../../migration/pair.js';
import { prepareStopped, waitGuest } from '../../../migration/steps.js';
import { realQemus } from '../../../qemu/qemus.fixtures.js';
import type { RealQemu } from '../../../qemu/qemus.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import type { Ran } from '../../process/drover.fixtures.js';

interface Stage {
  readonly pair: Pair;
  readonly scratch: Scratch;
  readonly arrival: (...args: string[]) => Promise<Ran>;
  readonly monitors: readonly string[];
}

/** A guest that has arrived and does not run yet; the source is stopped. */
async function withArrived(
  qemu: RealQemu,
  connect: string | undefined,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  {
    await using context = contextFor(plan, scratch.directory);
    const monitor = (side: string): string => context.file(`${side}.foreign`);
    const args = (side: string): string[] => ['-qmp', `unix:${monitor(side)},server=on,wait=off`];
    const pair = await startPair(context, {
      listen: connect === undefined ? 'unix:$DIR/migsocket' : 'defer',
      sourceArgs: args('source'),
      destinationArgs: args('destination'),
    });
    const { source, destination } = pair;
    await waitGuest(pair);
    await prepareStopped(pair);
    const migration = await pair.migrate(connect === undefined ? undefined : { uri: connect });
    await migration.until('completed');
    if (connect !== undefined) {
      const file = connect.replace(/^exec:cat > /, '');
      await destination.qmp.execute('migrate-incoming', { uri: `exec:cat ${file}` });
    }
    await migration.until('completed', { side: 'destination' });
    const both = [`--source=pid:${source.pid}`, `--destination=pid:${destination.pid}`];
    await work({
      pair,
      scratch,
      monitors: [
        `--source-monitor=${monitor('source')}`,
        `--destination-monitor=${monitor('destination')}`,
      ],
      arrival: async (...words) => {
        const given = words.map((word) => word.split('=')[0] ?? '');
        const sides = both.filter((word) => !given.includes(word.split('=')[0] ?? ''));
        return await drover(['arrival', ...sides, ...words], scratch);
      },
    });
  }
  assert.deepEqual(scratch.processes(), []);
  assert.deepEqual(sharedMemoryFiles(), []);
}

const documentOf = ({ stdout }: Ran): JsonObject => asObject(JSON.parse(stdout) as Json);

for (const qemu of realQemus) {
  test(
    `QEMU ${qemu.version}: equal sides are equal, and what differs is named`,
    { skip: qemu.skip },
    async () => {
      await withArrived(qemu, undefined, async ({ pair, arrival, monitors, scratch }) => {
        const { destination } = pair;
        // 7.2 does not say where blocks but main memory lie.
        const isOld = qemu.version === '7.2';
        const equal = await arrival(...monitors, '--json');
        assert.equal(equal.code, isOld ? 2 : 0, `${equal.stdout}${equal.stderr}`);
        const { blocks, sections, differences, notCompared } = documentOf(equal);
        assert.ok(Number(sections) > 20);
        assert.ok(isOld ? blocks === 1 : Number(blocks) > 5, JSON.stringify(blocks));
        assert.deepEqual(differences, []);
        assert.equal(JSON.stringify(notCompared).includes('does not say where it lies'), isOld);

        const { qtest } = destination;
        const value = await qtest.readByte(0x8000123);
        await qtest.writeByte(0x8000123, value ^ 0xff);
        const different = await arrival(...monitors);
        assert.equal(different.code, 1, `${different.stdout}${different.stderr}`);
        assert.match(different.stdout, /RAM block mig\.mem: 1 of 38,400 pages differ/);
        assert.match(different.stdout, /first difference is at 0x8000123: /);
        await qtest.writeByte(0x8000123, value);

        // the scratch register of the serial port
        await qtest.outPort('b', 0x3ff, 0x33);
        const devices = await arrival(...monitors);
        assert.equal(devices.code, 1, `${devices.stdout}${devices.stderr}`);
        assert.match(devices.stdout, /device state serial differs/);
        assert.deepEqual(
          scratch.content.filter((name) => name.startsWith('drover-arrival')),
          [],
        );
      });
    },
  );
}

const qemu = realQemus[2] ?? realQemus[0];
assert.ok(qemu !== undefined);

test('a file is compared with the QEMU that loaded it', { skip: qemu.skip }, async () => {
  using folder = new Scratch();
  const file = `${folder.directory}/vm.mig`;
  await withArrived(qemu, `exec:cat > ${file}`, async ({ pair, arrival, monitors }) => {
    const given = [`--source=${file}`, monitors[1] ?? ''];
    const equal = await arrival(...given);
    assert.equal(equal.code, 0, `${equal.stdout}${equal.stderr}`);
    assert.match(equal.stdout, /RAM: \d blocks of 174,\d+,\d+ bytes: equal/);
    assert.match(equal.stdout, /device state: \d\d sections.*: equal/);
    await pair.destination.qtest.writeByte(0x7000000, 0x77);
    const different = await arrival(...given);
    assert.equal(different.code, 1);
    assert.match(different.stdout, /first difference is at 0x7000000: 0x0 at the source, 0x77/);
  });
});

test('answers that were saved take the place of a monitor', { skip: qemu.skip }, async () => {
  await withArrived(qemu, undefined, async ({ pair, arrival, scratch }) => {
    const words: string[] = [];
    for (const machine of [pair.source, pair.destination]) {
      const [blocks, devices] = [`${machine.side}.blocks`, `${machine.side}.devices`].map(
        (name) => `${scratch.directory}/${name}`,
      );
      const answer = await machine.qmp.executeRaw('human-monitor-command', {
        'command-line': 'info ramblock',
      });
      // as the monitor prints it, and as virsh writes the answer of a QMP command
      const text = machine === pair.source ? answer : JSON.stringify({ return: answer, id: '1' });
      writeFileSync(blocks ?? '', text as string);
      await machine.qmp.execute('xen-save-devices-state', { filename: devices ?? '', live: false });
      words.push(`--${machine.side}-blocks=${blocks}`, `--${machine.side}-devices=${devices}`);
    }
    const equal = await arrival(...words);
    assert.equal(equal.code, 0, `${equal.stdout}${equal.stderr}`);
    const partly = await arrival(...words.filter((word) => !word.includes('-devices=')));
    assert.equal(partly.code, 2, partly.stdout);
    assert.match(partly.stdout, /not compared: device state of process .*--source-devices/);

    // a list that lacks main memory, on both sides
    for (const word of words.filter((each) => each.includes('-blocks='))) {
      const file = word.split('=')[1] ?? '';
      const rom = readFileSync(file, 'utf8').split(/\r?\n|(?:\\r)?\\n/);
      writeFileSync(file, rom.filter((line) => line.includes('pc.bios')).join('\n'));
    }
    const gap = await arrival(...words);
    assert.equal(gap.code, 2, gap.stdout);
    assert.match(gap.stdout, /the list of its RAM blocks has [\d,]+ bytes, and it has 157,286,400/);
    const swapped = words.map((word) =>
      word.startsWith('--source-blocks')
        ? word.replace('source.blocks', 'destination.blocks')
        : word.replace('destination.blocks', 'source.blocks'),
    );
    const wrong = await arrival(...swapped);
    assert.equal(wrong.code, 2, wrong.stdout);
    assert.match(wrong.stderr, /is not of process \d+, which has no memory where block/);
  });
});

test('what cannot be compared is refused with what to do', { skip: qemu.skip }, async () => {
  await withArrived(qemu, undefined, async ({ pair, arrival, monitors, scratch }) => {
    const refusals: [string[], RegExp][] = [
      [[], /pid:\d+: give --source-monitor, QEMU's QMP socket, or --source-blocks/],
      [
        [`--source-monitor=${scratch.directory}/none`, monitors[1] ?? ''],
        /none: no QMP monitor answers/,
      ],
      [
        [
          (monitors[1] ?? '').replace('--destination', '--source'),
          (monitors[0] ?? '').replace('--source', '--destination'),
        ],
        /is not a socket of process \d+/,
      ],
      [['--source=/etc/passwd', monitors[1] ?? ''], /passwd: no known format starts here/],
      [
        [`--source=pid:${pair.destination.pid}`, ...monitors],
        /--source and --destination name the same thing/,
      ],
      [['--source=pid:1\n2', ...monitors], /expected a process id, such as pid:4242/],
      [['--source-monitor=', monitors[1] ?? ''], /expected the path of a UNIX socket/],
      [['--source-blocks=/dev/zero', monitors[1] ?? ''], /it is not a regular file/],
      [['--source-blocks=/etc/passwd', monitors[1] ?? ''], /no RAM block is in it/],
      [['--source=pid:1', ...monitors], /pid:1: it is not a QEMU with a guest/],
    ];
    for (const [words, why] of refusals) {
      const ran = await arrival(...words);
      assert.equal(ran.code, 2, `${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
      assert.match(ran.stderr, why);
    }
    await run(pair.destination);
    const running = await arrival(...monitors);
    assert.equal(running.code, 2, running.stdout);
    assert.match(running.stderr, /the destination's guest is running: stop it first/);
  });
});

async function run({ qmp }: TestMachine): Promise<void> {
  await qmp.execute('cont');
}
