/** Colours for the console, by meaning. The caller decides whether to use colours. */
import pc from 'picocolors';
import type { OutcomeKind } from '../../model/outcome.js';

export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly outcome: (kind: OutcomeKind, text: string) => string;
}

export function paintWith(color: boolean): Paint {
  const { bold, dim, yellow, green, red, magenta } = pc.createColors(color);
  const byKind: Record<OutcomeKind, (text: string) => string> = {
    passed: green,
    failed: (text) => bold(red(text)),
    broken: (text) => bold(magenta(text)),
    skipped: yellow,
    cancelled: dim,
  };
  return {
    strong: bold,
    faint: dim,
    warning: yellow,
    outcome: (kind, text) => byKind[kind](text),
  };
}
