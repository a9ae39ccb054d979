/**
 * QEMU describes the elements of a list as members of one JSON object, element after element, under
 * keys that repeat: `vmsd_name`, `version`, `fields` and, if any were sent, `subsections`.
 * JSON.parse would keep the last element only, so the keys of the second element and of those after
 * it get its number. Pure.
 */

const describing = new Set(['vmsd_name', 'version', 'fields', 'subsections']);

/** The key of element `number`, the first one being 1. */
export const elementKey = (key: string, number: number): string =>
  number === 1 ? key : `${key}#${number}`;

/** `json` may be any text: what is not JSON before is not JSON afterwards. */
export function numberElements(json: string): string {
  /** of each object around this place, how many elements it has described */
  const counts: number[] = [];
  const pieces: string[] = [];
  let copied = 0;
  const bound = /["{}]/g;
  for (let found = bound.exec(json); found !== null; found = bound.exec(json)) {
    const { index } = found;
    if (json[index] === '{') counts.push(0);
    else if (json[index] === '}') counts.pop();
    else {
      const end = stringEnd(json, index + 1);
      bound.lastIndex = end;
      const key = json.slice(index + 1, Math.min(end - 1, index + 1 + longestKey));
      if (!describing.has(key) || end - index - 2 !== key.length || !isKey(json, end)) continue;
      if (key === 'vmsd_name') counts.push((counts.pop() ?? 0) + 1);
      const numbered = elementKey(key, Math.max(1, counts.at(-1) ?? 0));
      pieces.push(json.slice(copied, index), `"${numbered}"`);
      copied = end;
    }
  }
  return pieces.length === 0 ? json : pieces.join('') + json.slice(copied);
}

const longestKey = Math.max(...[...describing].map(({ length }) => length)) + 1;

/** Behind the string whose content begins at `start`; the end of the text if it has no end. */
function stringEnd(json: string, start: number): number {
  const special = /["\\]/g;
  special.lastIndex = start;
  for (let found = special.exec(json); found !== null; found = special.exec(json)) {
    if (found[0] === '"') return special.lastIndex;
    special.lastIndex += 1; // what is escaped
  }
  return json.length;
}

/** A colon follows. */
function isKey(json: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(json);
}
