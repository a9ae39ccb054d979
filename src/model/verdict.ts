/**
 * What a check of guest memory found. Pure; made by the memory engine, read by the
 * migration flows, the reporters and the command line.
 *
 * All addresses are guest-physical byte addresses, as numbers (exact below 2^53).
 */

import type { Hole, PageRange, StampKind } from './stamps.js';

/** Neighbouring pages that hold one wrong value where one and the same value was expected. */
export interface DamagedRun {
  /** address of the first damaged page */
  readonly start: number;
  /** address after the last damaged page */
  readonly end: number;
  readonly pages: number;
  /** generation (0..255) that the best cut demands here */
  readonly expected: number;
  /** generation (0..255) that is there */
  readonly found: number;
}

/** Verdict on one writer's stamps of kind `byte`. */
export interface ByteVerdict {
  readonly level: 'byte';
  readonly intact: boolean;
  readonly range: PageRange;
  /** pages examined */
  readonly pages: number;
  /** generation (0..255) of the pages before the edge */
  readonly generation: number;
  /** address of the first page that is one generation behind; null when all pages are equal */
  readonly edge: number | null;
  /** pages that the best cut does not explain: the true total */
  readonly damagedPages: number;
  /** how many runs those pages form: the true total */
  readonly damagedRuns: number;
  /** the first runs, in address order, capped */
  readonly damage: readonly DamagedRun[];
  /** the same memory judged by upstream's sequential rule, in upstream's words; empty when that rule finds nothing */
  readonly upstreamLines: readonly string[];
  /** how memory was read and which kernel scanned it, for the record */
  readonly source: string;
  readonly kernel: string;
  readonly elapsedMs: number;
}

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
  /** null where no generation can be told */
  readonly found: number | null;
  /** stale and ahead: by how many generations; else 0 */
  readonly by: number;
  /** misplaced: where the first page belongs */
  readonly from: number | null;
  /** partly-written and garbage: the byte of the page from which it is wrong; flipped: the byte with the bit */
  readonly byteOffset: number | null;
}

/** Verdict on the pages of one writer. */
export interface SliceVerdict {
  readonly start: number;
  /** exclusive; a hole in between is told by the whole verdict */
  readonly end: number;
  readonly pages: number;
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
}

/** Verdict on the stamps of several writers, or of another kind than `byte`: one for each slice. */
export interface SlicesVerdict {
  readonly level: 'slices';
  readonly stamp: StampKind;
  readonly intact: boolean;
  readonly range: PageRange;
  readonly hole: Hole | null;
  /** of all slices together, as are the totals below */
  readonly pages: number;
  readonly slices: readonly SliceVerdict[];
  readonly damagedPages: number;
  readonly damagedRuns: number;
  readonly source: string;
  readonly kernel: string;
  readonly elapsedMs: number;
}

export type MemoryVerdict = ByteVerdict | SlicesVerdict;

/** How far each writer was, in words; two checks of a stopped guest say the same. */
export function stateOf(verdict: MemoryVerdict): string {
  if (verdict.level === 'slices') {
    return verdict.slices.map((slice, writer) => `writer ${writer}: ${placeOf(slice)}`).join('; ');
  }
  return placeOf({ ...verdict, beingWritten: null });
}

function placeOf(
  found: Pick<SliceVerdict, 'generation' | 'edge' | 'beingWritten' | 'damagedPages'>,
): string {
  const { generation, edge, beingWritten, damagedPages } = found;
  const hex = (address: number): string => `0x${address.toString(16)}`;
  const at = edge === null ? 'no edge' : `edge at ${hex(edge)}`;
  const half = beingWritten === null ? '' : `, ${hex(beingWritten)} being written`;
  return `generation ${generation}, ${at}${half}, ${damagedPages} damaged pages`;
}
