/** Options of the commands that read memory and migration files: how to read a SOURCE. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { OpenImageOptions } from '../../../memory/image.js';
import { parseSize } from '../../../model/text/sizes.js';
import type { ImageFormat, NamedPlace } from '../../../native/image-addon.js';
import { sizeArgument } from '../../options/size-arguments.js';

export interface SourceOptions {
  readonly format?: ImageFormat;
  readonly offset?: number;
  readonly address?: number;
  readonly pageSize?: number;
  readonly arch?: string;
  readonly machine?: string;
  readonly place?: readonly NamedPlace[];
  readonly salvage?: boolean;
}

/** `BLOCK=ADDRESS` or `BLOCK=ADDRESS+LENGTH` */
function placeArgument(text: string, before: readonly NamedPlace[] = []): NamedPlace[] {
  const [, block = '', first = '', second] = /^(.+)=([^=+]+)(?:\+([^=+]+))?$/.exec(text) ?? [];
  const [address, length] = [parseSize(first), second === undefined ? 0 : parseSize(second)];
  if (address === undefined || length === undefined || (length === 0 && second !== undefined)) {
    throw new InvalidArgumentError(
      `expected BLOCK=ADDRESS or BLOCK=ADDRESS+LENGTH, such as ram-node1=8G, not '${text}'.`,
    );
  }
  if (before.some((other) => other.block === block && other.length === 0)) {
    throw new InvalidArgumentError(
      `block ${block} has a place without a length, which takes the rest of the block: give that one a length.`,
    );
  }
  return [...before, { block, address, length }];
}

function pageSizeArgument(text: string): number {
  const bytes = sizeArgument(text);
  if (bytes < 1024 || bytes > 65536 || (bytes & (bytes - 1)) !== 0) {
    throw new InvalidArgumentError(`expected a power of two from 1K to 64K, not '${text}'.`);
  }
  return bytes;
}

export function withSourceOptions(command: Command): Command {
  return command
    .optionsGroup('How to read the input:')
    .addOption(
      new Option('--format <name>', 'input format')
        .choices(['raw', 'elf', 'kdump', 'win-dmp', 'lime', 'stream'])
        .default(undefined, 'detect'),
    )
    .option(
      '--offset <size>',
      'where the stream or the raw memory starts in the file, in bytes',
      sizeArgument,
    )
    .option('--address <address>', 'guest address of the first byte of raw memory', sizeArgument)
    .option(
      '--page-size <size>',
      "the guest's page size, in bytes, such as 4K or 64K",
      pageSizeArgument,
    )
    .option(
      '--arch <name>',
      "the guest's architecture, as in qemu-system-NAME; needed only with machine virt",
    )
    .option(
      '--machine <type>',
      'machine type, such as q35: where RAM lies in guest memory (default: as the file says)',
    )
    .option(
      '--place <block=address>',
      'guest address of a RAM block; BLOCK=ADDRESS+LENGTH: of a piece of it; repeatable',
      placeArgument,
    )
    .option('--salvage', 'use the readable part of a damaged file');
}

export function openOptions(options: SourceOptions, temporaryFolder: string): OpenImageOptions {
  return {
    format: options.format,
    fileOffset: options.offset,
    rawAddress: options.address,
    named: options.place,
    pageBytes: options.pageSize,
    arch: options.arch,
    machine: options.machine,
    salvage: options.salvage,
    temporaryFolder,
  };
}

/** of `--limit`: how many results the text lists */
export function limitArgument(text: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw new InvalidArgumentError(`expected a number from 0 to 999999, not '${text}'.`);
  return Number(text);
}
