/**
 * Puts text of QEMU and of users into Markdown for GitHub and GitLab, so that it is no markup, no
 * mention of a person, no link to an issue, and does not end a table cell.
 */
import { printable, printableLine } from '../../model/text/printable.js';

const special = /[\\`*_[\]#|<>~@&:$]/g;

/** One line of plain text. */
export function plain(text: string): string {
  // As a numeric reference: a backslash does not stop a mention, nor HTML inside a table.
  return printableLine(text).replace(
    special,
    (character) => `&#${String(character.charCodeAt(0))};`,
  );
}

/** One line as code; may stand in a table. */
export function code(text: string): string {
  const line = printableLine(text).replaceAll('|', '¦');
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
  return `${fence}${space}${line}${space}${fence}`;
}

/** Lines as a block of code, whatever they hold. */
export function codeBlock(lines: readonly string[]): string {
  const text = printable(lines.join('\n'));
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Folded away; `title` is markup already. */
export function folded(title: string, body: string): string {
  return `<details>\n<summary>${title}</summary>\n\n${body}\n\n</details>`;
}

export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
