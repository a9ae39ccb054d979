/**
 * Version 1 of the event schema, converted to version 2. It had two forms of a verdict: `level:
 * 'byte'` for one writer's byte stamps, whose damage had no kind, and `level: 'slices'` for all
 * others. What else has changed since is optional. Pure.
 */
import { isObject } from '../../model/json.js';
import type { Outcome } from '../../model/outcome.js';
import type { MemoryVerdict, PageDamage, SliceVerdict } from '../../model/verdict.js';

type ByteVerdict1 = Omit<MemoryVerdict, 'stamp' | 'hole' | 'slices'> &
  Pick<SliceVerdict, 'generation' | 'edge' | 'upstreamLines'> & {
    readonly level: 'byte';
    readonly damage: readonly (Pick<PageDamage, 'start' | 'end' | 'pages' | 'expected'> & {
      readonly found: number;
    })[];
  };

type SlicesVerdict1 = Omit<MemoryVerdict, 'slices'> & {
  readonly level: 'slices';
  readonly slices: readonly Omit<SliceVerdict, 'upstreamLines'>[];
};

type Verdict1 = ByteVerdict1 | SlicesVerdict1;

export function eventFrom1(event: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const converted = { ...event };
  for (const name of ['offered', 'exercised']) {
    if (Array.isArray(event[name])) converted[name] = event[name].map(itemFrom1);
  }
  if (event['type'] === 'run-started') return { ...converted, schema: 2 };
  if (event['type'] !== 'test-finished' || !isObject(event['outcome'])) return converted;
  return { ...converted, outcome: outcomeFrom1(event['outcome']) };
}

/** A migration feature: transports were called schemes. */
const itemFrom1 = (item: unknown): unknown =>
  typeof item === 'string' ? item.replace(/^scheme /, 'transport ') : item;

/** As events and a kept test's `outcome.json` have it; one of version 2 stays as it is. */
export function outcomeFrom1(outcome: Readonly<Record<string, unknown>>): Outcome {
  const converted: Record<string, unknown> = { ...outcome };
  if (isObject(outcome['verdict'])) converted['verdict'] = verdictFrom1(outcome['verdict']);
  const { legs } = outcome;
  if (Array.isArray(legs)) {
    converted['legs'] = legs.map((leg: unknown) =>
      isObject(leg) && isObject(leg['verdict'])
        ? { ...leg, verdict: verdictFrom1(leg['verdict']) }
        : leg,
    );
  }
  return converted as unknown as Outcome;
}

function verdictFrom1(verdict: Readonly<Record<string, unknown>>): MemoryVerdict {
  if (verdict['level'] === undefined) return verdict as unknown as MemoryVerdict;
  const before = verdict as unknown as Verdict1;
  if (before.level === 'byte') return bytesFrom1(before);
  const { level: _, slices, ...rest } = before;
  return { ...rest, slices: slices.map((slice) => ({ ...slice, upstreamLines: [] })) };
}

function bytesFrom1(before: ByteVerdict1): MemoryVerdict {
  const { level: stamp, generation, edge, damage, upstreamLines, ...rest } = before;
  const { range, pages, damagedPages, damagedRuns } = before;
  const runs = damage.map(damageFrom1);
  const pagesOf = (kind: 'stale' | 'ahead'): number =>
    runs.reduce((sum, run) => sum + (run.kind === kind ? run.pages : 0), 0);
  const slice: SliceVerdict = {
    start: range.start,
    end: range.end,
    pages,
    generation,
    edge,
    beingWritten: null,
    damagedPages,
    damagedRuns,
    // of the runs that are listed: version 1 had no totals by kind
    pagesByKind: {
      stale: pagesOf('stale'),
      ahead: pagesOf('ahead'),
      misplaced: 0,
      'partly-written': 0,
      zeroed: 0,
      absent: 0,
      garbage: 0,
      flipped: 0,
    },
    damage: runs,
    upstreamLines,
  };
  return { ...rest, stamp, hole: null, slices: [slice] };
}

function damageFrom1(run: ByteVerdict1['damage'][number]): PageDamage {
  const behind = (run.expected - run.found + 256) % 256;
  return {
    ...run,
    kind: behind < 128 ? 'stale' : 'ahead',
    by: behind < 128 ? behind : 256 - behind,
    from: null,
    byteOffset: null,
  };
}
