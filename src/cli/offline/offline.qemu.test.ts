import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext as NodeTestContext } from 'node:test';
import { setCapability, setParameters } from '../../migration/commands.js';
import type { MemoryBackend } from '../../model/command-line.js';
import { asArray, asObject } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import { openImage } from '../../memory/image.js';
import { realQemus } from '../../qemu/qemus.fixtures.js';
import type { RealQemu } from '../../qemu/qemus.fixtures.js';
import {
  CaptureSink,
  compareWithDump,
  migrateLive,
  migrateTo,
  saveMemory,
  withStoppedGuest,
} from './samples/captures.fixtures.js';
import type { Stage } from './samples/captures.fixtures.js';
import { capturePostcopy } from './samples/postcopy-capture.fixtures.js';
import { drover } from '../process/drover.fixtures.js';
import { onlySlice } from '../../memory/verdict.fixtures.js';

const anonymous: MemoryBackend = { kind: 'anon' };

class OnePageDiffers extends Error {}
class AllStampsZero extends Error {}
type Unlucky = typeof OnePageDiffers | typeof AllStampsZero;

/**
 * A guest that is stopped at any moment. In one of 256 all of its stamps are zero, and a file alone
 * does not distinguish that from memory which nobody has written: once, that is tried again.
 */
async function withGuest(
  t: NodeTestContext,
  qemu: RealQemu,
  body: (stage: Stage) => Promise<void>,
  unlucky: readonly Unlucky[] = [AllStampsZero],
): Promise<void> {
  try {
    await withStoppedGuest(qemu, anonymous, body);
  } catch (error) {
    if (!(error instanceof Error) || !unlucky.some((kind) => error instanceof kind)) throw error;
    t.diagnostic(`${error.message}: tried again`);
    await withStoppedGuest(qemu, anonymous, body);
  }
}

/**
 * A guest whose memory is sent while it runs. On a busy host QEMU may lose a single write of such a
 * guest under TCG (docs/explanation/found-in-qemu.md), so that one page differs: once, that is
 * tried again.
 */
const withLiveGuest: typeof withGuest = async (t, qemu, body) => {
  await withGuest(t, qemu, body, [AllStampsZero, OnePageDiffers]);
};

/**
 * What is scanned must be what QEMU says memory is: byte by byte, and by the verdict of the
 * command.
 */
async function prove(
  t: NodeTestContext,
  stage: Stage,
  files: readonly string[],
  dump: string,
  offset = 0,
): Promise<void> {
  const { context, scratch } = stage;
  const { ramBytes, range } = context.platform;
  {
    using image = await openImage(files, {
      fileOffset: offset,
      temporaryFolder: scratch.directory,
    });
    const { compared, different } = await compareWithDump(image, dump, ramBytes);
    // A dump lists no memory where a display adapter has its window of 128 KiB.
    const holes = image.format === 'stream' ? [0x60] : [0, 0x20];
    if (different.length === 1) throw new OnePageDiffers(`one page differs: ${different[0]}`);
    assert.deepEqual(different.slice(0, 5), []);
    assert.ok(holes.includes(ramBytes / 4096 - compared), `${compared} pages compared`);
    const seen = image.report?.seenCapabilities.join(' ') ?? '';
    t.diagnostic(`${path.basename(files[0]!)}: ${compared} pages equal; ${image.format} ${seen}`);
  }
  const ram = await stage.machine.ram(range);
  const truth = await ram.checkStopped(range);
  const { generation: stamped, edge: cut } = onlySlice(truth);
  // One moment in 256: a file alone does not tell such memory from one that nobody has written.
  if (stamped === 0 && cut === null) throw new AllStampsZero('all stamps are zero');
  const ran = await drover(['scan', '--json', '--offset', `${offset}`, ...files], scratch);
  assert.equal(ran.code, truth.intact ? 0 : 1, `${ran.stdout}${ran.stderr}`);
  const [slice] = asArray(asObject(JSON.parse(ran.stdout) as Json)['slices']);
  const { pages, generation, edge } = asObject(slice);
  const found = onlySlice(truth);
  assert.deepEqual([pages, generation, edge], [found.pages, found.generation, found.edge]);
  for (const file of files) rmSync(file);
}

const isNew = (qemu: RealQemu): boolean => qemu.version !== '7.2';

for (const qemu of realQemus) {
  const title = `QEMU ${qemu.version}: `;
  const { skip } = qemu;
  const reason = isNew(qemu) ? skip : 'QEMU 7.2 does not have it';

  test(`${title}dumps hold what pmemsave wrote`, { skip }, async (t) => {
    await withGuest(t, qemu, async (stage) => {
      const { context, machine } = stage;
      const truth = await saveMemory(stage, 'truth');
      const formats = ['elf', 'kdump-zlib', ...(isNew(qemu) ? ['kdump-raw-zlib'] : [])];
      for (const format of formats) {
        const file = context.file(format);
        const [base = '', raw] = format.split('-raw');
        await machine.qmp.execute(
          'dump-guest-memory',
          { paging: false, protocol: `file:${file}`, format: raw === undefined ? base : format },
          { timeoutMs: 60_000 },
        );
        await prove(t, stage, [file], truth);
      }
    });
  });

  test(`${title}a plain stream through exec: holds what pmemsave wrote`, { skip }, async (t) => {
    await withGuest(t, qemu, async (stage) => {
      const truth = await saveMemory(stage, 'truth');
      const file = stage.context.file('plain');
      await migrateTo(stage, `exec:cat > ${file}`);
      const diff = await drover(['diff', file, truth], stage.scratch);
      assert.equal(diff.code, 0, `${diff.stdout}${diff.stderr}`);
      await prove(t, stage, [file], truth);
    });
  });

  test(
    `${title}file: with an offset, and mapped-ram, hold what pmemsave wrote`,
    { skip: reason },
    async (t) => {
      for (const capabilities of [[], ['mapped-ram'], ['mapped-ram', 'multifd']]) {
        await withGuest(t, qemu, async (stage) => {
          const { context, machine } = stage;
          const truth = await saveMemory(stage, 'truth');
          for (const name of capabilities) await setCapability(machine, name);
          const file = context.file(['file', ...capabilities].join('-'));
          // The pages of a mapped-ram file lie at fixed places, and so does its beginning.
          const offset = capabilities.length === 0 ? 0x1234 : 0;
          await migrateTo(stage, `file:${file},offset=${offset}`);
          await prove(t, stage, [file], truth, offset);
        });
      }
    },
  );

  test(`${title}a live stream holds what memory was at its end`, { skip }, async (t) => {
    await withLiveGuest(t, qemu, async (stage) => {
      const file = stage.context.file('live');
      await migrateLive(stage, `exec:cat > ${file}`);
      const truth = await saveMemory(stage, 'truth');
      using image = await openImage([file], { temporaryFolder: stage.scratch.directory });
      assert.ok((image.report?.superseded ?? 0) > 0, 'pages were sent again');
      await prove(t, stage, [file], truth);
    });
  });

  test(`${title}a postcopy capture holds what memory was at the switch`, { skip }, async (t) => {
    await withLiveGuest(t, qemu, async (stage) => {
      const captured = await capturePostcopy(stage);
      if ('skip' in captured) {
        t.skip(captured.skip);
        return;
      }
      const truth = await saveMemory(stage, 'truth');
      assert.equal(captured.files.length, 1);
      using image = await openImage(captured.files, { temporaryFolder: stage.scratch.directory });
      const discarded = image.report?.blocks.reduce((sum, block) => sum + block.discarded, 0);
      assert.ok((discarded ?? 0) > 0, 'stale pages were taken back');
      await prove(t, stage, captured.files, truth);
    });
  });

  test(`${title}a live xbzrle stream holds what memory was at its end`, { skip }, async (t) => {
    await withLiveGuest(t, qemu, async (stage) => {
      const { context, machine } = stage;
      await setCapability(machine, 'xbzrle');
      await setParameters(machine, { 'xbzrle-cache-size': 256 * 1024 ** 2 });
      const file = context.file('xbzrle');
      await migrateLive(stage, `exec:cat > ${file}`);
      const truth = await saveMemory(stage, 'truth');
      using image = await openImage([file], { temporaryFolder: context.directory });
      assert.ok((image.report?.records.xbzrle.records ?? 0) > 0, 'it did use xbzrle');
      await prove(t, stage, [file], truth);
    });
  });

  test(`${title}captured multifd channels hold what memory was`, { skip }, async (t) => {
    for (const method of ['none', 'zlib', 'zstd']) {
      await withLiveGuest(t, qemu, async (stage) => {
        const { context, machine } = stage;
        await setCapability(machine, 'multifd');
        await setParameters(machine, { 'multifd-channels': 3, 'multifd-compression': method });
        await using sink = await CaptureSink.listen(context.file('sink'), context.file(method));
        await migrateLive(stage, sink.uri);
        const files = await sink.files();
        assert.equal(files.length, 4);
        await prove(t, stage, files, await saveMemory(stage, 'truth'));
      });
    }
  });

  test(
    `${title}the old compress capability`,
    { skip: isNew(qemu) ? 'removed in 9.1' : skip },
    async (t) => {
      await withGuest(t, qemu, async (stage) => {
        const truth = await saveMemory(stage, 'truth');
        await setCapability(stage.machine, 'compress');
        const file = stage.context.file('compress');
        await migrateTo(stage, `exec:cat > ${file}`);
        await prove(t, stage, [file], truth);
      });
    },
  );

  test(`${title}device state of a guest that ran decodes to the last byte`, { skip }, async () => {
    await withStoppedGuest(qemu, anonymous, async (stage) => {
      const { context, machine, scratch } = stage;
      const file = context.file('state');
      await migrateTo(stage, `exec:cat > ${file}`);
      const registers = await machine.qmp.executeRaw('human-monitor-command', {
        'command-line': 'info registers',
      });
      const ran = await drover(['inspect', '--dump', 'state', file], scratch);
      assert.equal(ran.code, 0, ran.stderr);
      const devices = asArray(asObject(JSON.parse(ran.stdout) as Json)['devices']).map(asObject);
      const broken = devices.filter(({ whole }) => whole !== true);
      assert.deepEqual(
        broken.map(({ name, remarks }) => ({ name, remarks })),
        [],
      );
      assert.ok(typeof registers === 'string');
      const rip = /\bRIP=([0-9a-f]{16})/.exec(registers)?.[1];
      assert.ok(rip !== undefined);
      assert.equal(stateOf(devices, 'cpu')['env.eip'], `0x${rip}`);
    });
  });
}

function stateOf(devices: readonly JsonObject[], name: string): JsonObject {
  return asObject(devices.find((device) => device['name'] === name)?.['state']);
}
