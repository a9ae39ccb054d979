/**
 * QEMU describes the elements of a list as members of one JSON object, element after element, under
 * keys that repeat: `vmsd_name`, `version`, `fields` and, if any were sent, `subsections`.
 * JSON.parse would keep the last element only, so the keys of the second element and of those after
 * it get its number. Pure.
 */

const describing = new Set(['vmsd_name', 'version', 'fields', 'subsections']);

/**
 * A string, to the end of the text if it has none, with the colon behind it if it is a key; or a
 * bound of an object.
 */
const token = /"[^"\\]*(?:\\.?[^"\\]*)*(?:"(\s*:)?|$)|[{}]/gs;

/** The key of element `number`, the first one being 1. */
export const elementKey = (key: string, number: number): string =>
  number === 1 ? key : `${key}#${number}`;

/** `json` may be any text: what is not JSON before is not JSON afterwards. */
export function numberElements(json: string): string {
  /** of each object around this place, how many elements it has described */
  const counts: number[] = [];
  return json.replace(token, (found: string, colon: string | undefined) => {
    if (found === '{') counts.push(0);
    else if (found === '}') counts.pop();
    if (colon === undefined) return found;
    const key = found.slice(1, found.length - colon.length - 1);
    if (!describing.has(key)) return found;
    if (key === 'vmsd_name') counts.push((counts.pop() ?? 0) + 1);
    return `"${elementKey(key, Math.max(1, counts.at(-1) ?? 0))}"${colon}`;
  });
}
