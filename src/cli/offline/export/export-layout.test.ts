/**
 * The ELF headers of `drover export`: how many segments they count, and the note of the guest's
 * kernel.
 */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openImage } from '../../../memory/image.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import { exportLayout } from './export-layout.js';

const pageBytes = 4096;
const inside = (scratch: Scratch, name: string): string => path.join(scratch.directory, name);

test('an ELF file of more segments than its header can count is read back', async () => {
  using scratch = new Scratch();
  const stretches = Array.from({ length: 70_000 }, (_, index) => ({
    start: 2 * index * pageBytes,
    end: (2 * index + 1) * pageBytes,
  }));
  for (const bigEndian of [false, true]) {
    const { fileBytes, headers } = exportLayout('elf', stretches, { machine: 22, bigEndian });
    const file = inside(scratch, 'many');
    writeFileSync(file, headers[0]?.bytes ?? '');
    truncateSync(file, fileBytes);
    using image = await openImage([file], {});
    const { stored, absent } = await image.statistics(0, false);
    assert.deepEqual([stored, absent], [stretches.length, stretches.length - 1]);
  }
});

test("an ELF file has the note of the guest's Linux kernel, where there is one", async () => {
  using scratch = new Scratch();
  const text = Buffer.from('OSRELEASE=6.1.0-test\nPAGESIZE=4096\nBUILD-ID=0\n');
  const memory = Buffer.alloc(64 * pageBytes, 0x5a);
  const put = (at: number, name: string, type: number): void => {
    memory.fill(0, at, at + 2 * pageBytes);
    [11, text.length, type].forEach((value, index) => memory.writeUInt32LE(value, at + 4 * index));
    memory.write(`${name}\0`, at + 12, 'latin1');
    text.copy(memory, at + 24);
  };
  // Of another type, and not at the start of a page: no notes.
  put(8 * pageBytes, 'VMCOREINFO', 3);
  put(12 * pageBytes + 8, 'VMCOREINFO', 0);
  const source = inside(scratch, 'memory');
  const out = inside(scratch, 'out');
  const notes = async (): Promise<readonly [number, string]> => {
    writeFileSync(source, memory);
    const words = ['export', source, '--as', 'elf', '--arch', 'x86_64', '--force', out];
    const ran = await drover(words, scratch);
    assert.equal(ran.code, 0, ran.stderr);
    const head = readFileSync(out);
    const [offset, length] = [72, 96].map((at) => Number(head.readBigUInt64LE(at)));
    return [length!, head.toString('latin1', offset! + 12, offset! + length!)];
  };
  assert.deepEqual(await notes(), [0, '']);
  put(40 * pageBytes, 'VMCOREINFO', 0);
  const padded = 24 + Math.ceil(text.length / 4) * 4;
  const wanted = `VMCOREINFO\0\0${text.toString()}`.padEnd(padded - 12, '\0');
  assert.deepEqual(await notes(), [padded, wanted]);
});

test("an x86-64 kernel's image is listed a second time, and the file is read as before", async () => {
  using scratch = new Scratch();
  const MiB = 1024 ** 2;
  const address = 6 * MiB;
  const text = [
    'OSRELEASE=6.1.0-test',
    // _stext is 32 MiB into the image, which is moved down by 26 MiB
    'SYMBOL(_stext)=ffffffff82000000',
    `NUMBER(phys_base)=-${26 * MiB}`,
    '',
  ].join('\n');
  const memory = Buffer.alloc(16 * MiB);
  [11, text.length, 0].forEach((value, index) => memory.writeUInt32LE(value, MiB + 4 * index));
  memory.write('VMCOREINFO', MiB + 12, 'latin1');
  memory.write(text, MiB + 24, 'latin1');
  memory.fill('kernel', address, address + pageBytes);
  const [source, out] = [inside(scratch, 'memory'), inside(scratch, 'out')];
  writeFileSync(source, memory);
  const run = async (code: number, ...words: string[]): Promise<string> => {
    const ran = await drover(words, scratch);
    assert.equal(ran.code, code, `${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  };
  // In two pieces, so that there is a hole.
  const places = ['--place', 'memory=0+8M', '--place', 'memory=1G'];
  const how = ['--format', 'raw', '--as', 'elf', '--machine', 'pc', ...places];
  await run(0, 'export', ...how, source, out);
  const file = readFileSync(out);
  const [type] = [file.readUInt32LE(64 + 3 * 56)];
  const [offset, virtual, physical, bytes] = [8, 16, 24, 32].map((at) =>
    file.readBigUInt64LE(64 + 3 * 56 + at),
  );
  assert.deepEqual(
    [type, virtual, physical, bytes],
    [1, 0xffffffff82000000n, BigInt(address), BigInt(2 * MiB)],
  );
  assert.equal(file.toString('latin1', Number(offset), Number(offset) + 6), 'kernel');
  // The hole is no memory that lacks.
  await run(0, 'scan', '--level', 'hash', out);
  await run(0, 'diff', out, out);
});
