/** Differences between the device states of two QEMUs, and their effects on a migration. Pure. */
import type { DumpedState } from './dump.js';

/** Whether a migration of a guest with the device breaks: always, on a condition, or never. */
export type Severity = 'must' | 'may' | 'harmless';

export interface Effect {
  readonly severity: Severity;
  /** one sentence */
  readonly reason: string;
}

export type DifferenceKind =
  | 'machine'
  | 'device-removed'
  | 'device-added'
  | 'device-renamed'
  | 'section-renamed'
  | 'version'
  | 'minimum-version'
  | 'field-removed'
  | 'field-added'
  | 'field-renamed'
  | 'field-moved'
  | 'field-size'
  | 'field-version'
  | 'field-condition'
  | 'field-structure'
  | 'structure-version'
  | 'structure-renamed'
  | 'subsection-removed'
  | 'subsection-added';

/** From A's point of view: what is added is in B alone. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** a field with the structures around it, or a subsection; empty for the device itself */
  readonly path: string;
  readonly a: string;
  readonly b: string;
  readonly forward: Effect;
  readonly backward: Effect;
}

export interface DeviceDifferences {
  /** type of the device; '' for the machine itself */
  readonly device: string;
  readonly differences: readonly Difference[];
}

export const none: Effect = {
  severity: 'harmless',
  reason: 'It does not matter in this direction.',
};
export const effect = (severity: Severity, reason: string): Effect => ({ severity, reason });

const severities: readonly Severity[] = ['must', 'may', 'harmless'];

/** The worst of several effects; harmless where there is none. */
export function worst(found: Iterable<Effect>): Severity {
  const all = new Set([...found].map(({ severity }) => severity));
  return severities.find((severity) => all.has(severity)) ?? 'harmless';
}

export const versionText = ({ version, minimumVersion }: DumpedState): string =>
  `version ${version}, accepts from ${minimumVersion}`;
