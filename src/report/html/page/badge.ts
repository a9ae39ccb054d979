/** Marks a result: always by a word, the colour is an addition. */
import type { TestStatus } from '../../fold/test-status.js';
import { h } from './dom.js';
import type { Child } from './dom.js';

export function badge(status: TestStatus): HTMLElement {
  return h('span', { class: `badge ${status}` }, status);
}

/** A label whose attempt number does not wrap at the end of a line. */
export function named(label: string): Child[] {
  const [, test = label, attempt] = /^(.*) (\(attempt \d+\))$/.exec(label) ?? [];
  return attempt === undefined ? [test] : [test, ' ', h('span', { class: 'whole' }, attempt)];
}

export function testLink(label: string, index: number): HTMLElement {
  return h('a', { href: `#/test/${String(index)}`, class: 'test' }, ...named(label));
}

/** `2026-11-25T23:27:06.315Z` for people. */
export function dateText(iso: string): string {
  return iso.replace(/^(\S+)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/, '$1 $2 UTC');
}
