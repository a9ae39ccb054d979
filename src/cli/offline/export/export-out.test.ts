/**
 * `drover export`: the file to write that exists, is the source or does not fit, and sources that
 * cannot be read.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { samplesSkip, unpackCase } from '../../../memory/samples.fixtures.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import { kdump } from '../samples/dumps.fixtures.js';

const skip = samplesSkip;
const pageBytes = 4096;
const inside = (scratch: Scratch, name: string): string => path.join(scratch.directory, name);

test('an existing file is kept, unless --force replaces it', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('numa.mig', scratch.directory);
  const out = inside(scratch, 'out');
  writeFileSync(out, 'mine');
  const kept = await drover(['export', stream, '--as', 'raw', out], scratch);
  assert.equal(kept.code, 2);
  assert.match(kept.stderr, /out: exists already; name another file, or replace it with --force/);
  assert.equal(readFileSync(out, 'utf8'), 'mine');
  const link = inside(scratch, 'link');
  symlinkSync(out, link);
  const replaced = await drover(['export', stream, '--as', 'raw', '--force', link], scratch);
  assert.equal(replaced.code, 0, replaced.stderr);
  assert.equal(readFileSync(out).length, 16 * 1024 ** 2, 'the file behind the link');
  for (const [words, reason] of [
    [[stream, '--as', 'raw', '--force', scratch.directory], /exists and is no regular file/],
    [[stream, '--as', 'raw', inside(scratch, 'no/out')], /cannot be written \(ENOENT\)/],
    [[stream, '--as', 'raw', '-'], /cannot be written to standard output/],
    [[stream, '--as', 'raw'], /name the file to write/],
    [[stream, out], /required option '--as <format>' not specified/],
    [[inside(scratch, 'nothing'), '--as', 'raw', inside(scratch, 'new')], /no such file/],
  ] as const) {
    const ran = await drover(['export', ...words], scratch);
    assert.equal(ran.code, 2, `${words.join(' ')}: ${ran.stdout}`);
    assert.match(ran.stderr, reason);
  }
  assert.deepEqual(readdirSync(scratch.directory).sort(), ['link', 'numa.mig', 'out']);
});

test('--force does not replace the source, by whatever name', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('numa.mig', scratch.directory);
  const before = readFileSync(stream);
  const [link, twin] = [inside(scratch, 'link'), inside(scratch, 'twin')];
  symlinkSync(stream, link);
  linkSync(stream, twin);
  for (const [source, out] of [
    [stream, stream],
    [stream, link],
    [link, stream],
    [stream, twin],
  ] as const) {
    const ran = await drover(['export', source, '--as', 'raw', '--force', out], scratch);
    assert.equal(ran.code, 2, ran.stdout);
    assert.ok(ran.stderr.includes(`${out}: is the same file as the source ${source};`), ran.stderr);
  }
  assert.ok(readFileSync(stream).equals(before));
});

test('a note names an option without effect; --arch has one on ELF files only', async () => {
  using scratch = new Scratch();
  const dump = inside(scratch, 'dump');
  writeFileSync(dump, kdump(8, Buffer.alloc(pageBytes, 7), [0, 1, 5], []));
  const notes = async (as: string): Promise<string> => {
    const options = ['--as', as, '--arch', 'x86_64', '--address', '4096'];
    const ran = await drover(['export', dump, ...options, inside(scratch, as)], scratch);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stderr;
  };
  const address = 'drover: --address has no effect on a kdump-compressed dump\n';
  assert.equal(await notes('elf'), address);
  const arch = 'drover: --arch has an effect only together with machine virt\n';
  assert.equal(await notes('lime'), address + arch);
});

test('a source that may not be read is an error of use', async (t) => {
  using scratch = new Scratch();
  const dump = inside(scratch, 'dump');
  writeFileSync(dump, kdump(8, Buffer.alloc(pageBytes, 7), [0, 1, 5], []));
  chmodSync(dump, 0);
  // root reads everything, unless it drops these capabilities.
  const dropped = '-dac_override,-dac_read_search';
  const prefix =
    process.geteuid?.() === 0
      ? ['setpriv', '--bounding-set', dropped, '--inh-caps', dropped, '--']
      : [];
  const [program, ...words] = [...prefix, 'cat', dump];
  const probe = spawnSync(program, words, { encoding: 'utf8' });
  if (probe.status !== 1 || !probe.stderr.includes('Permission denied')) {
    t.skip(`no way to a file that cannot be read: ${probe.error?.message ?? probe.stderr}`);
    return;
  }
  const ran = await drover(['inspect', dump], scratch, {}, undefined, prefix);
  assert.equal(ran.code, 2, ran.stdout + ran.stderr);
  assert.match(ran.stderr, /dump: cannot be read \(EACCES\)\n$/);
});

test('on a full disk the message says so, and no part of the file stays', async (t) => {
  using scratch = new Scratch();
  const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  if (probe.status !== 0) {
    t.skip('no mount of its own');
    return;
  }
  const dump = inside(scratch, 'dump');
  writeFileSync(dump, kdump(8, Buffer.alloc(pageBytes, 7), [0, 1, 5], []));
  // The headers take three pages beside the three of memory: what fits is none of it, the memory,
  // and parts of both.
  for (const [size, reason] of [
    ['8k', /\/mnt\/out: cannot be written \(No space left on device\)\n$/],
    ['12k', /\/mnt\/out: cannot be written \(ENOSPC\)\n$/],
    ['16k', /\/mnt\/out: cannot be written \(ENOSPC\)\n$/],
    ['20k', /\/mnt\/out: cannot be written \(ENOSPC\)\n$/],
  ] as const) {
    const script = `mount -t tmpfs -o size=${size} none /mnt && { "$@"; code=$?; ls -A /mnt >&2; exit $code; }`;
    const prefix = ['unshare', '-m', 'sh', '-c', script, 'sh'];
    const words = ['export', dump, '--as', 'elf', '/mnt/out'];
    const ran = await drover(words, scratch, {}, undefined, prefix);
    assert.equal(ran.code, 3, `${size}: ${ran.stdout}${ran.stderr}`);
    assert.match(ran.stderr, reason);
  }
});
