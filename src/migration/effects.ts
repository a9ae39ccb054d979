/**
 * What capabilities and parameters leave behind in QEMU's own figures. A QEMU that accepts one and does nothing for it would pass
 * every check of memory.
 */
import { contractError } from '../model/errors.js';
import { asObject } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import type { PairSettings } from './pair-settings.js';

interface Facts {
  readonly settings: PairSettings;
  /** the source's answer to query-migrate after the migration completed */
  readonly answer: JsonObject;
}

interface Effect {
  readonly what: string;
  readonly applies: (facts: Facts) => boolean;
  /** how it shows */
  readonly sign: string;
  /** undefined where this QEMU does not report it */
  readonly shows: (answer: JsonObject) => boolean | undefined;
}

const has = ({ settings }: Facts, capability: string): boolean =>
  settings.capabilities?.includes(capability) === true;

const parameter = ({ settings }: Facts, name: string): Json | undefined =>
  settings.sourceParameters?.[name] ?? settings.parameters?.[name];

/** a figure of query-migrate */
function figure(answer: JsonObject, group: string, name: string): number | undefined {
  const value = asObject(answer[group])[name];
  return typeof value === 'number' ? value : undefined;
}

function compare(
  first: number | undefined,
  second: number | undefined,
  holds: (first: number, second: number) => boolean,
): boolean | undefined {
  return first === undefined || second === undefined ? undefined : holds(first, second);
}

const effects: readonly Effect[] = [
  {
    what: 'capability xbzrle',
    // The first iteration only fills the cache, and the last one does without it.
    applies: (facts) =>
      has(facts, 'xbzrle') &&
      ((facts.settings.iterations ?? 0) > 1 || facts.settings.steady === true),
    sign: 'pages sent as differences (xbzrle-cache.pages)',
    shows: (answer) =>
      compare(figure(answer, 'xbzrle-cache', 'pages'), 0, (sent, none) => sent > none),
  },
  {
    what: 'zero-page-detection none',
    applies: (facts) => has(facts, 'multifd') && parameter(facts, 'zero-page-detection') === 'none',
    sign: 'no zero page (ram.duplicate)',
    shows: (answer) =>
      compare(figure(answer, 'ram', 'duplicate'), 0, (found, none) => found === none),
  },
];

/** Fails unless all that the pair's settings switched on has left its sign. */
export function requireEffects(facts: Facts): void {
  for (const { what, applies, sign, shows } of effects) {
    if (!applies(facts) || shows(facts.answer) !== false) continue;
    throw contractError('no-effect', `QEMU accepted ${what}, and it had no effect`, {
      side: 'source',
      waitedFor: sign,
      lastSeen: JSON.stringify({ ram: facts.answer['ram'], xbzrle: facts.answer['xbzrle-cache'] }),
    });
  }
}
