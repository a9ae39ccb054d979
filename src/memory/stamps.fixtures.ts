/**
 * Memory for tests: a memfd or file with one stamp per page, and the kinds of damage a migration
 * could do to it.
 */
import type { PageRange } from '../model/stamps.js';
import { closeSync, writeSync } from 'node:fs';
import { loadAddon } from '../native/addon.js';

export const pageBytes = 4096;
export const ramStart = 0x100000;

export function rangeOf(pages: number): PageRange {
  return { start: ramStart, end: ramStart + pages * pageBytes, step: pageBytes };
}

export const pageAt = (page: number): number => ramStart + page * pageBytes;

/** What a stopped guest leaves: `edge` pages of `generation`, the others one behind. */
export function soundStamps(pages: number, edge: number, generation: number): Uint8Array {
  return new Uint8Array(pages).fill((generation + 255) % 256).fill(generation, 0, edge);
}

export interface StampedMemfd extends Disposable {
  readonly fd: number;
  readonly path: string;
}

/** Guest memory from `ramStart` on, in sealed shared memory. */
export function memfdWith(stamps: Uint8Array): StampedMemfd {
  const addon = loadAddon();
  const fd = addon.memfdCreate('drover-test', stamps.length * pageBytes);
  stamps.forEach((stamp, page) => writeSync(fd, Uint8Array.of(stamp), 0, 1, page * pageBytes));
  return {
    fd,
    path: `/proc/self/fd/${fd}`,
    [Symbol.dispose]() {
      closeSync(fd);
    },
  };
}

export interface DamageCase {
  readonly name: string;
  readonly sound: Uint8Array;
  readonly stamps: Uint8Array;
  /** pages the verdict has to name, ascending */
  readonly hurt: readonly number[];
  /** first page of the older generation, null without one */
  readonly edge: number | null;
}

const usualPages = 25344;
const usualEdge = 13579;

function damaged(
  name: string,
  hurt: readonly number[],
  harm: (stamps: Uint8Array, page: number) => number,
  edge = usualEdge,
  generation = 0x27,
): DamageCase {
  const sound = soundStamps(usualPages, edge, generation);
  const stamps = sound.slice();
  for (const page of hurt) stamps[page] = (harm(sound, page) + 256) % 256;
  return { name, sound, stamps, hurt, edge: edge === usualPages ? null : edge };
}

const behind = (stamps: Uint8Array, page: number): number => (stamps[page] ?? 0) - 1;

const pages = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** 4,939 pages spread over all memory, on both sides of the edge. */
const scattered = pages(0, 4939).map((i) => i * 5 + 1);

export const damageCases: readonly DamageCase[] = [
  damaged('no damage', [], behind),
  damaged('no damage, all pages equal', [], behind, usualPages),
  damaged('no damage, edge behind the first page', [], behind, 1),
  damaged('no damage, edge before the last page', [], behind, usualPages - 1),
  damaged('no damage across the wrap-around', [], behind, usualEdge, 0),
  damaged('one page stale by one before the edge', [500], behind),
  damaged('one page stale by one after the edge', [20000], behind),
  damaged('one page ahead after the edge', [20000], (s, page) => (s[page] ?? 0) + 1),
  damaged('the first page', [0], behind),
  damaged('the last page', [usualPages - 1], behind),
  damaged('4,939 pages', scattered, behind),
  damaged('4,939 pages across the wrap-around', scattered, behind, usualEdge, 0),
  damaged('two swapped ranges', [...pages(1000, 64), ...pages(20000, 64)], (s, page) =>
    page < usualEdge ? (s[20000] ?? 0) : (s[1000] ?? 0),
  ),
];
