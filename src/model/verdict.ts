/**
 * What a check of guest memory found. Pure; made by the memory engine, read by the
 * migration flows, the reporters and the command line.
 *
 * All addresses are guest-physical byte addresses, as numbers (exact below 2^53).
 */

import { counted, hex } from './text/format.js';
import type { PageRange, SlicePart, StampKind } from './stamps.js';
import type { Range } from './text/sizes.js';

export type PageDamageKind =
  'stale' | 'ahead' | 'misplaced' | 'partly-written' | 'zeroed' | 'absent' | 'garbage' | 'flipped';

/** Neighbouring pages that are damaged in the same way. */
export interface PageDamage {
  readonly start: number;
  /** exclusive */
  readonly end: number;
  readonly pages: number;
  readonly kind: PageDamageKind;
  /** generation; mod 256 where stamps are bytes */
  readonly expected: number;
  /** null if no generation can be recognised */
  readonly found: number | null;
  /** stale and ahead: by how many generations; else 0 */
  readonly by: number;
  /** misplaced: where the first page belongs */
  readonly from: number | null;
  /**
   * partly-written and garbage: the byte of the page from which it is wrong; flipped: the byte with
   * the bit
   */
  readonly byteOffset: number | null;
}

/** Verdict on the pages of one writer. */
export interface SliceVerdict {
  readonly start: number;
  /** exclusive; the verdict's `hole` says where a hole is in between */
  readonly end: number;
  readonly pages: number;
  /** of a writer that has a hot part (guest/README.md), whose parts count generations apart */
  readonly part?: SlicePart;
  /** of the pages before the edge; mod 256 where stamps are bytes */
  readonly generation: number;
  /** the first page that is one generation behind; null when all are of one */
  readonly edge: number | null;
  /** the page that its writer was at when it was stopped: no damage, though of two generations */
  readonly beingWritten: number | null;
  readonly damagedPages: number;
  readonly damagedRuns: number;
  readonly pagesByKind: Readonly<Record<PageDamageKind, number>>;
  /** the first runs, in address order, capped */
  readonly damage: readonly PageDamage[];
  /**
   * of one writer's memory that lies in one piece: byte 0 of its pages judged by upstream's
   * sequential rule, in upstream's words; empty when that rule finds nothing
   */
  readonly upstreamLines: readonly string[];
}

/** Verdict on guest memory: one for each writer, or each part of its pages, and the totals. */
export interface MemoryVerdict {
  readonly stamp: StampKind;
  readonly intact: boolean;
  readonly range: PageRange;
  readonly hole: Range | null;
  /** of all slices together, as are the totals below */
  readonly pages: number;
  /** at least one */
  readonly slices: readonly SliceVerdict[];
  readonly damagedPages: number;
  readonly damagedRuns: number;
  /** how memory was read and which kernel scanned it, for the event log */
  readonly source: string;
  readonly kernel: string;
  readonly elapsedMs: number;
}

/** How far each writer was, one text for each; two checks of a stopped guest say the same. */
export function writerStates({ slices }: MemoryVerdict): string[] {
  return slices.map((slice, index) =>
    slices.length === 1 ? sliceState(slice) : `${writerOf(slice, index)}: ${sliceState(slice)}`,
  );
}

const writerOf = ({ part }: SliceVerdict, index: number): string =>
  part === undefined ? `writer ${index}` : `writer ${Math.floor(index / 2)}, ${part} part`;

export function stateOf(verdict: MemoryVerdict): string {
  return writerStates(verdict).join('; ');
}

function sliceState({ generation, edge, beingWritten, damagedPages }: SliceVerdict): string {
  const at = edge === null ? 'no edge' : `edge at ${hex(edge)}`;
  const half = beingWritten === null ? '' : `, ${hex(beingWritten)} being written`;
  return `generation ${generation}, ${at}${half}, ${counted(damagedPages, 'damaged page')}`;
}
