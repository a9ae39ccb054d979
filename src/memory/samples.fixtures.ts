/**
 * Real migration files and dumps with known content, for tests of everything that reads such files.
 * They are in src/memory/fixtures, or in the folder that DROVER_SAMPLES names.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../model/scratch.fixtures.js';

export interface SampleBlock {
  readonly name: string;
  readonly length: number;
  /** of the whole block, pages that the file does not hold counted as zero */
  readonly sha256: string;
  readonly pages: number;
  readonly last_kind: Readonly<Record<string, number>>;
}

export interface Sample {
  readonly name: string;
  readonly description: string;
  /** packed names; for multifd the main stream and its channels */
  readonly files: readonly { readonly file: string; readonly raw_size: number }[];
  readonly machine?: string;
  readonly target_page_size?: number;
  readonly blocks?: readonly SampleBlock[];
  readonly has_vmdesc?: boolean;
  readonly stream_offset?: number;
}

const folder =
  process.env['DROVER_SAMPLES'] ?? path.join(packageRoot, 'src', 'memory', 'fixtures', 'samples');
const manifest = path.join(folder, 'manifest.json');

/** for node:test: false, or the reason */
export const samplesSkip: string | false = !existsSync(manifest)
  ? `no samples in ${folder}; name their folder in DROVER_SAMPLES`
  : spawnSync('xz', ['--version']).status === 0
    ? false
    : 'xz is not installed';

/** the samples whose files are all there; none when there is no manifest */
export const samples: readonly Sample[] = samplesSkip === false ? readManifest() : [];

function readManifest(): Sample[] {
  const document = JSON.parse(readFileSync(manifest, 'utf8')) as { samples: Sample[] };
  return document.samples.filter(({ files }) =>
    files.every(({ file }) => existsSync(path.join(folder, file))),
  );
}

export function sampleNamed(name: string): Sample {
  const sample = samples.find((one) => one.name === name);
  if (sample === undefined) throw new Error(`there is no sample ${name}`);
  return sample;
}

/** Unpacks a sample's files, the main stream first, and gives their paths. */
export function unpack(sample: Sample, directory: string): string[] {
  return sample.files.map(({ file }) => unpackFile(path.join(folder, file), directory));
}

/** Unpacks one of the files in src/memory/fixtures/cases, and gives its path. */
export function unpackCase(name: string, directory: string): string {
  const cases = path.join(packageRoot, 'src', 'memory', 'fixtures', 'cases');
  return unpackFile(path.join(cases, `${name}.xz`), directory);
}

function unpackFile(packed: string, directory: string): string {
  const target = path.join(directory, path.basename(packed, '.xz'));
  const out = openSync(target, 'w', 0o600);
  try {
    const { status } = spawnSync('xz', ['-dc', packed], { stdio: ['ignore', out, 'inherit'] });
    if (status !== 0) throw new Error(`cannot unpack ${packed}`);
  } finally {
    closeSync(out);
  }
  return target;
}
