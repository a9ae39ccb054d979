/** Events as lines of TAP version 14. Pure; the stream is tap.ts. */
import type { EventOf } from '../../model/events.js';
import type { Failure } from '../../model/outcome.js';
import { writerStates } from '../../model/verdict.js';
import type { MemoryVerdict } from '../../model/verdict.js';
import { pageDamageLine } from '../fold/diagnosis.js';
import { printable, printableLine } from '../../model/text/printable.js';
import { testStatusOf } from '../fold/test-status.js';

type YamlValue = string | number | boolean | null | readonly string[] | YamlMap | undefined;
interface YamlMap {
  readonly [key: string]: YamlValue;
}

/** JSON strings are YAML strings, whatever they hold, once control characters are gone. */
function scalar(value: string | number | boolean | null): string {
  return JSON.stringify(typeof value === 'string' ? printable(value) : value);
}

function isList(value: YamlValue): value is readonly string[] {
  return Array.isArray(value);
}

function yamlLines(map: YamlMap, indent: string): string[] {
  return Object.entries(map).flatMap(([key, value]) => {
    if (value === undefined) return [];
    if (isList(value)) {
      if (value.length === 0) return [];
      return [`${indent}${key}:`, ...value.map((item) => `${indent}  - ${scalar(item)}`)];
    }
    if (typeof value === 'object' && value !== null) {
      return [`${indent}${key}:`, ...yamlLines(value, `${indent}  `)];
    }
    return [`${indent}${key}: ${scalar(value)}`];
  });
}

function verdictMap(verdict: MemoryVerdict): YamlMap {
  const { intact, stamp, pages, slices, damagedPages, damagedRuns } = verdict;
  return {
    intact,
    stamp,
    pages,
    slices: writerStates(verdict),
    damaged_pages: damagedPages,
    damaged_runs: damagedRuns,
    damage: slices.flatMap(({ damage }) => damage.map(pageDamageLine)),
    upstream: slices.flatMap(({ upstreamLines }) => upstreamLines),
  };
}

function failureMap(failure: Failure): YamlMap {
  return {
    code: failure.code,
    message: failure.message,
    phase: failure.phase,
    side: failure.side,
    waited_for: failure.waitedFor,
    last_seen: failure.lastSeen,
    details: failure.details,
    caused_by: failure.causes,
  };
}

/** In a description `#` would begin a directive. */
function description(text: string): string {
  return printableLine(text).replaceAll('\\', '\\\\').replaceAll('#', '\\#');
}

export function headerLines(run: EventOf<'run-started'>): string[] {
  const { source, destination, route, machine, accel } = run;
  return [
    'TAP version 14',
    // The plan comes first, so that a reader notices a missing result.
    ...(run.endless === true ? [] : [planLine(run.total)]),
    comment(`drover ${run.drover}, machine ${machine}, accelerator ${accel}`),
    comment(
      route === undefined
        ? `source QEMU ${source.version}, destination QEMU ${destination.version}`
        : `QEMU ${route.map(({ version }) => version).join(' to ')}`,
    ),
  ];
}

export function planLine(total: number): string {
  return total === 0 ? '1..0 # SKIP no tests' : `1..${String(total)}`;
}

/** A retried attempt is no test point: its lines are comments. */
export function retriedLines(event: EventOf<'test-finished'>, label: string): string[] {
  const { outcome } = event;
  if (outcome.kind !== 'failed' && outcome.kind !== 'broken') return [];
  return [
    comment(`tried again: ${label}: ${outcome.failure.code}: ${outcome.failure.message}`),
    ...(event.directory === undefined ? [] : [comment(`  evidence: ${event.directory}`)]),
  ];
}

export function comment(text: string): string {
  return `# ${printableLine(text)}`;
}

export function bailOut(reason: string): string {
  return `Bail out! ${printableLine(reason)}`;
}

/** A known failure is TAP's TODO, which does not fail the run. */
function directive(event: EventOf<'test-finished'>): string {
  if (event.quarantined === undefined) return '';
  const { owner, reason, expires } = event.quarantined;
  return ` # TODO ${description(`quarantined until ${expires}, ${owner}: ${reason}`)}`;
}

export function pointLines(
  event: EventOf<'test-finished'>,
  number: number,
  label: string,
): string[] {
  const { outcome } = event;
  const point = `${String(number)} - ${description(label)}`;
  if (outcome.kind === 'passed') {
    const flaky = testStatusOf(event) === 'flaky';
    return [
      `ok ${point}`,
      ...(flaky ? [comment(`flaky: ${label}, attempt ${String(event.attempt)}`)] : []),
    ];
  }
  if (outcome.kind === 'skipped') return [`ok ${point} # SKIP ${description(outcome.reason)}`];
  if (outcome.kind === 'cancelled') {
    const where = outcome.phase === undefined ? '' : ` in ${outcome.phase}`;
    return [`ok ${point} # SKIP cancelled${where}`];
  }
  const diagnostics: YamlMap = {
    outcome: outcome.kind,
    attempt: event.attempt > 1 ? event.attempt : undefined,
    ...failureMap(outcome.failure),
    memory:
      outcome.kind === 'failed' && outcome.verdict !== undefined
        ? verdictMap(outcome.verdict)
        : undefined,
    duration_ms: Math.round(event.durationMs),
    evidence: event.directory,
  };
  return [`not ok ${point}${directive(event)}`, '  ---', ...yamlLines(diagnostics, '  '), '  ...'];
}
