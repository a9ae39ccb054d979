/**
 * `--markdown FILE`: a summary for a pull request or a CI job's page, failures first. Its size is
 * limited, since such services refuse longer text: it leaves out complete items and says how many.
 */
import { counted } from '../../model/text/format.js';
import { headline, sectionsOf } from './markdown-sections.js';
import type { Section } from './markdown-sections.js';
import type { RunRecord } from '../fold/summary.js';

/** GitHub takes 65,536 characters in a comment; some room is for what others write around it. */
export const mostCharacters = 60_000;
/** reserved for each later section: its title and the count of missing items */
const reserve = 200;

/** As many items as fit into `room` characters. */
function fitted({ title, head, items, noun, apart }: Section, room: number): string {
  const start = `### ${title}\n\n${head === '' ? '' : `${head}\n`}`;
  const shown: string[] = [];
  let used = start.length;
  for (const item of items) {
    used += item.length + apart.length;
    if (used > room) break;
    shown.push(item);
  }
  const left = items.length - shown.length;
  const rest = left > 0 ? `\n\nand ${counted(left, `more ${noun}`)}` : '';
  // a table without rows would only be heads
  return shown.length === 0 ? `### ${title}${rest}` : `${start}${shown.join(apart)}${rest}`;
}

export function markdownOf(record: RunRecord, most = mostCharacters): string {
  const parts = [`## Drover`, headline(record)];
  const sections = sectionsOf(record);
  for (const [index, section] of sections.entries()) {
    const used = parts.reduce((sum, part) => sum + part.length + 2, 0);
    const later = (sections.length - index) * reserve;
    parts.push(fitted(section, most - used - later));
  }
  return `${parts.join('\n\n')}\n`;
}
