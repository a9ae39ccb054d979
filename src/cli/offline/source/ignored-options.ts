/** Options on how to read a SOURCE that have no effect on the sources that were given. Pure. */
import { formatNames } from '../../../memory/image-problem.js';
import type { ImageFormat } from '../../../native/image-addon.js';
import type { SourceOptions } from './offline-options.js';

type Kind = 'process' | ImageFormat;

/** What is looked at of an opened source. */
export interface KindOfSource {
  readonly live: boolean;
  /** what the memory was packed in */
  readonly containers: readonly unknown[];
  readonly image: {
    readonly format: ImageFormat;
    readonly report: { readonly machine: string | null } | null;
  };
}

type Name = Exclude<keyof SourceOptions, 'arch' | 'place' | 'pageSize'> | 'live';

/** The kinds of sources that each option has an effect on. */
const effective: Readonly<Record<Name, readonly Kind[]>> = {
  format: ['raw', 'elf', 'kdump', 'win-dmp', 'lime', 'stream'],
  offset: ['raw', 'elf', 'kdump', 'win-dmp', 'lime', 'stream'],
  address: ['raw'],
  machine: ['raw', 'stream', 'process'],
  salvage: ['stream'],
  live: ['process'],
};

const texts: Readonly<Record<Kind, string>> = { process: 'a process', ...formatNames };

/** @returns one sentence for each option that has no effect on any of the sources */
export function ignoredOptions(
  options: SourceOptions & { readonly live?: boolean },
  sources: readonly KindOfSource[],
): string[] {
  const kinds = sources.map(({ live, image }): Kind => (live ? 'process' : image.format));
  const what = [...new Set(kinds)].map((kind) => texts[kind]).join(' and ');
  const ignored = Object.entries(effective)
    .filter(
      ([name, kindsWithEffect]) =>
        options[name as Name] !== undefined &&
        // Of a damaged compressed file, --salvage uses what was unpacked, in every format.
        !(name === 'salvage' && sources.some(({ containers }) => containers.length > 0)) &&
        !kinds.some((kind) => kindsWithEffect.includes(kind)),
    )
    .map(([name]) => `--${name} has no effect on ${what}`);
  const machines = sources.map(({ image }) => options.machine ?? image.report?.machine ?? '');
  const hasEffect = kinds.includes('process') || machines.some((name) => name.startsWith('virt'));
  if (options.arch === undefined || hasEffect) return ignored;
  return [...ignored, '--arch has an effect only together with machine virt'];
}
