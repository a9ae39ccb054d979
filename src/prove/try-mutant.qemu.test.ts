/** What becomes of a damaged recording: killed, refused, equivalent, survived, each for its reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawing } from '../model/seeded.js';
import { realQemu } from '../qemu/qemus.fixtures.js';
import { replacement } from './edit.js';
import type { Edit } from './edit.js';
import { damagePage, pageDamages } from './page-damage.js';
import type { MutantResult } from './findings.js';
import { withRecording } from './prove.fixtures.js';
import { RecordedPages } from './recorded-pages.js';
import { recordingKinds } from './recording.js';
import type { Recording } from './recording.js';
import { recordedFields } from './state-damage.js';
import type { RecordedField } from './state-damage.js';

const qemu = realQemu('10.0');
const { skip } = qemu;
const never = new AbortController().signal;

async function fieldOf(
  { image, description }: Recording,
  section: string,
  path: string,
): Promise<RecordedField> {
  const fields = await recordedFields(image, description);
  const field = fields.find((one) => one.section === section && one.path === path);
  assert.ok(field, `no field ${path} of ${section}`);
  return field;
}

/** With `bits` of the byte at `byte` of a field's section inverted. */
async function flipped(
  { image }: Recording,
  { sectionOffset }: RecordedField,
  byte: number,
  bits: number,
): Promise<Edit[]> {
  const input = image.report?.mainInput ?? 0;
  const [before = 0] = await image.readInput(input, sectionOffset + byte, 1);
  return [replacement(input, sectionOffset + byte, Buffer.of(before ^ bits))];
}

const checksOf = ({ findings }: MutantResult): string[] => findings.map(({ check }) => check);

test('device state and the words around it', { skip }, async (t) => {
  await withRecording(qemu, 'precopy', async (guest) => {
    const { recording } = guest;
    await t.test('without damage nothing is found', async () => {
      const { fate, findings } = await guest.try({ edits: [] });
      assert.deepEqual([fate, findings], ['equivalent', []]);
    });
    await t.test('a stream of another version is refused, in words of QEMU', async () => {
      const result = await guest.try({ edits: [replacement(0, 7, Buffer.of(9))] });
      assert.deepEqual([result.fate, checksOf(result)], ['refused', ['qemu']]);
      assert.match(result.findings[0]?.words ?? '', /refused during migration: .*version/i);
    });
    await t.test('a lost bit of a register is named', async () => {
      const field = await fieldOf(recording, 'cpu', 'env.regs[3]');
      const edits = await flipped(recording, field, field.start, 0x10);
      const result = await guest.try({ edits, field });
      assert.equal(result.fate, 'killed');
      const state = result.findings.find(({ check }) => check === 'state');
      assert.match(state?.words ?? '', /device state cpu: env\.regs\[3\] is /);
      assert.equal(state?.named, true);
    });
    await t.test('a time that loading makes again is nobody’s loss', async () => {
      const field = await fieldOf(recording, 'mc146818rtc', 'update_timer');
      const edits = await flipped(recording, field, field.start + 4, 0x10);
      const result = await guest.try({ edits, field });
      assert.deepEqual([result.fate, result.findings], ['equivalent', []], JSON.stringify(result));
      assert.match(result.reason ?? '', /computes it again|computes the field again/);
    });
    await t.test('what the table expects to differ survives, with the reason', async () => {
      const field = await fieldOf(recording, 'cpu_common', 'interrupt_request');
      const result = await guest.try({ edits: await flipped(recording, field, 7, 0x04), field });
      assert.deepEqual([result.fate, result.findings], ['survived', []], JSON.stringify(result));
      assert.match(result.reason ?? '', /asks a processor to look at its state again/);
    });
  });
});

for (const kind of recordingKinds) {
  test(
    `pages of ${kind}: each damage changes what arrives, and nothing else`,
    { skip },
    async (t) => {
      await withRecording(qemu, kind, async (guest) => {
        const { recording } = guest;
        const pages = await RecordedPages.of(recording, never);
        const stamped = pages.ofRegion('stamped');
        assert.ok(stamped.length > 20_000, `${stamped.length} pages`);
        for (const region of ['other', 'device'] as const)
          assert.ok(pages.ofRegion(region).length > 9);
        const draw = drawing(1, kind);
        const done: string[] = [];
        for (const damage of pageDamages) {
          // A record that names its block cannot be left out, the first page cannot be sent elsewhere.
          const page = stamped[1000 + draw.below(stamped.length - 1000)];
          assert.ok(page);
          const made = await damagePage(damage, { pages, page, draw, stamp: 'wide' });
          if (made === undefined) continue;
          done.push(damage);
          if (!['zeroed', 'dropped', 'misplaced'].includes(damage)) continue;
          const result = await guest.try({ ...made, damage, region: 'stamped' });
          assert.equal(result.fate, 'killed', JSON.stringify(result));
          const ram = result.findings.find(({ check }) => check === 'ram');
          assert.equal(ram?.named, true, JSON.stringify(result));
          assert.ok(checksOf(result).includes('stamps'), JSON.stringify(result));
        }
        t.diagnostic(done.join(' '));
        for (const each of ['flip', 'zeroed', 'stale-1', 'stale-256', 'swapped', 'dropped'])
          assert.ok(done.includes(each));
      });
    },
  );
}
