/** What Drover does with the program that unpacks: while it runs, where it fails, and where it is of no more use. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { samplesSkip, unpackCase } from '../../../memory/samples.fixtures.js';
import { drover, startDrover } from '../../process/drover.fixtures.js';

const skip = samplesSkip;

/** A folder with a program `zstd` of this script, for PATH; $1 is the stream to give. */
function fakeZstd(script: string, stream: string, scratch: Scratch): string {
  const folder = path.join(scratch.directory, 'bin');
  mkdirSync(folder);
  const program = path.join(folder, 'zstd');
  writeFileSync(program, `#!/bin/sh\nset -- '${stream}'\n${script}\n`, { mode: 0o755 });
  return `${folder}:${process.env['PATH'] ?? ''}`;
}

test(
  'a program that fails while its output is read has the last word; --salvage reads what came',
  { skip },
  async () => {
    using scratch = new Scratch();
    const stream = unpackCase('numa.mig', scratch.directory);
    const file = path.join(scratch.directory, 'file.zst');
    writeFileSync(file, Buffer.from('28b52ffd00000000', 'hex'));
    const script =
      'head -c 60000 "$1"; sleep 0.5; head -c 70000 /dev/zero; echo out of luck >&2; exit 1';
    const PATH = fakeZstd(script, stream, scratch);
    const ran = await drover(['scan', '--level', 'zero', file], scratch, { PATH });
    assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    assert.match(ran.stderr, /compressed by zstd and damaged: 'zstd -dc' exited .*\(out of luck\)/);
    const salvaged = await drover(['inspect', '--salvage', file], scratch, { PATH });
    assert.equal(salvaged.code, 1, 'never complete');
    assert.match(salvaged.stdout, /damaged: 'zstd -dc' exited .*\(out of luck\)/);
    assert.deepEqual(readdirSync(scratch.directory).sort(), ['bin', 'file.zst', 'numa.mig']);
  },
);

test(
  'a program whose output is damaged is ended there, however much may follow',
  { skip, timeout: 50_000 },
  async () => {
    using scratch = new Scratch();
    const stream = unpackCase('numa.mig', scratch.directory);
    const file = path.join(scratch.directory, 'file.zst');
    writeFileSync(file, Buffer.from('28b52ffd00000000', 'hex'));
    const script = 'head -c 200000 "$1"; head -c 4M /dev/zero; exec sleep 600';
    const PATH = fakeZstd(script, stream, scratch);
    const ran = await drover(['scan', '--level', 'zero', file], scratch, { PATH });
    assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    assert.match(ran.stderr, /file\.zst, read as a migration stream, is damaged at offset \d+/);
  },
);

test('inspect notices that a file changed while it was read', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('numa.mig', scratch.directory);
  const file = path.join(scratch.directory, 'file.zst');
  writeFileSync(file, Buffer.from('28b52ffd00000000', 'hex'));
  const PATH = fakeZstd(`cat "$1"; echo more >> '${file}'`, stream, scratch);
  const parts = path.join(scratch.directory, 'parts');
  for (const how of [[], ['--dump', 'state'], ['--extract', parts]]) {
    const ran = await drover(['inspect', ...how, file], scratch, { PATH });
    assert.equal(ran.code, 2, `${how.join(' ')}: ${ran.stdout}${ran.stderr}`);
    assert.equal(ran.stdout, '');
    assert.match(ran.stderr, /file\.zst: another process changed it while Drover read it/);
  }
});

test('a scan is cancelled while the file is still unpacked', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('numa.mig', scratch.directory);
  const file = path.join(scratch.directory, 'file.zst');
  writeFileSync(file, Buffer.from('28b52ffd00000000', 'hex'));
  const pidFile = path.join(scratch.directory, 'pid');
  const script = `head -c 60000 "$1"; echo $$ > '${pidFile}'; exec sleep 600`;
  const PATH = fakeZstd(script, stream, scratch);
  const scanning = startDrover(['scan', '--level', 'zero', file], scratch, { PATH });
  while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await setTimeout(20);
  await setTimeout(100);
  scanning.child.kill('SIGINT');
  assert.equal((await scanning.ended).code, 130);
  const pid = readFileSync(pidFile, 'utf8').trim();
  assert.ok(!existsSync(`/proc/${pid}`), 'the program has ended');
  assert.deepEqual(readdirSync(scratch.directory).sort(), ['bin', 'file.zst', 'numa.mig', 'pid']);
});
