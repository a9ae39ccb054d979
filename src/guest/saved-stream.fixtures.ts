/** Saves a stopped guest as a stream, changes fields of its devices, and loads it again. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { pause } from '../model/deadline.js';
import { migrate, migrateIncoming, setCapability } from '../migration/commands.js';
import type { TestContext, TestMachine } from '../migration/context.js';
import { waitStatus } from '../migration/waits.js';
import { findSections } from '../vmstate/sections.fixtures.js';
import type { FoundSection } from '../vmstate/sections.fixtures.js';

/** for both machines: its network is not part of the state */
export const noNetwork = ['-nic', 'none'];

/** A saved guest. Fields have 8 bytes and are named by their section and their place in it. */
export class SavedStream {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = Buffer.from(bytes);
  }

  #find(wanted: string): FoundSection {
    const { sections } = findSections(this.bytes);
    const found = sections.find(({ description }) => description.name === wanted);
    assert.ok(found !== undefined, `no section ${wanted}`);
    return found;
  }

  /** The bytes themselves: what is written there changes the stream. */
  section(wanted: string): Buffer {
    return this.#find(wanted).payload;
  }

  get([section, at]: readonly [string, number]): bigint {
    return this.section(section).readBigInt64BE(at);
  }

  set([section, at]: readonly [string, number], value: bigint): void {
    this.section(section).writeBigInt64BE(value, at);
  }

  /** where a field lies, by the description in the stream */
  offsetOf(section: string, field: string): number {
    const { description } = this.#find(section);
    let at = 0;
    for (const { name, sizeBytes, arrayLength = 1 } of description.structure.fields) {
      if (name === field) return at;
      at += sizeBytes * arrayLength;
    }
    throw new Error(`section ${section} has no field ${field}`);
  }
}

/** The guest is stopped, and so it is then; capability `events` is set. */
export async function saveStream(machine: TestMachine): Promise<SavedStream> {
  const path = machine.context.file('stream');
  const since = await migrate(machine, { uri: `exec:cat > ${path}` });
  await waitStatus(machine, { goal: 'completed', since });
  // QEMU 7.2 reports this before it lets the guest go on.
  while ((await machine.qmp.execute('query-status'))['status'] !== 'postmigrate') {
    await pause(10, machine.context.signal);
  }
  return new SavedStream(readFileSync(path));
}

/** A new destination, in which the guest runs on. */
export async function loadStream(
  context: TestContext,
  stream: SavedStream,
  tag: string,
  extraArgs: readonly string[] = [],
): Promise<TestMachine> {
  const path = context.file(`${tag}.stream`);
  writeFileSync(path, stream.bytes);
  const machine = await context.startMachine({
    side: 'destination',
    tag,
    incoming: 'defer',
    memory: { kind: 'anon' },
    firmware: context.file('guest.bin'),
    extraArgs: [...noNetwork, ...extraArgs],
  });
  await setCapability(machine, 'events');
  const since = machine.qmp.events.cursor;
  await migrateIncoming(machine, { uri: `exec:cat ${path}` });
  await waitStatus(machine, { goal: 'completed', since });
  await machine.qmp.execute('cont');
  return machine;
}
