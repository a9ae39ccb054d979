/**
 * File names for things whose names come from a file: block and device names hold slashes, and in a
 * hostile file anything. Different names stay different. Pure.
 */
import { createHash } from 'node:crypto';

const plain = /^[A-Za-z0-9_.-]$/;
/** With a prefix, an instance and a suffix this stays below the 255 bytes of a file name. */
const longest = 160;

/**
 * `name` has one character for each byte. The answer holds no slash, does not begin with a dot, and
 * is not empty.
 */
export function safeName(name: string): string {
  let safe = '';
  for (let index = 0; index < name.length; index++) {
    const character = name[index] ?? '';
    const keep = plain.test(character) && !(character === '.' && index === 0);
    const code = name.charCodeAt(index) & 0xff;
    safe += keep ? character : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (safe === '') return '%';
  if (safe.length <= longest) return safe;
  // No plain name has a tilde, so a cut one is never another's.
  const digest = createHash('sha256').update(name, 'latin1').digest('hex').slice(0, 32);
  return `${safe.slice(0, longest - 33)}~${digest}`;
}

/** Gives each file of a folder a name of its own. */
export class FileNames {
  readonly #used = new Set<string>();

  /** `stem` is safe already */
  take(stem: string, extension: string): string {
    let name = `${stem}${extension}`;
    for (let count = 2; this.#used.has(name); count++) name = `${stem}.${count}${extension}`;
    this.#used.add(name);
    return name;
  }
}
