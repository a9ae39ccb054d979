// Answers "is this product still made from these inputs?" by content, so that a clock, a checkout
// or a copied tree cannot fool it. Leaves out what to do about a stale product: see stages.mjs.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** All files under `start` (a file or a folder), sorted, relative to `root`. Missing: none. */
export function listFiles(root, start, keep = () => true) {
  const stat = statSync(path.join(root, start), { throwIfNoEntry: false });
  if (!stat) return [];
  if (stat.isFile()) return keep(start) ? [start] : [];
  const found = [];
  for (const entry of readdirSync(path.join(root, start), { withFileTypes: true })) {
    const relative = path.join(start, entry.name);
    if (entry.isDirectory()) found.push(...listFiles(root, relative, keep));
    else if (entry.isFile() && keep(relative)) found.push(relative);
  }
  return found.sort();
}

/** One hash over the names and bytes of `inputs`, and over `extra` strings such as versions. */
export function fingerprint(root, inputs, extra = [], keep) {
  const hash = createHash('sha256');
  for (const text of extra) hash.update(`${text}\0`);
  for (const input of inputs) {
    for (const file of listFiles(root, input, keep)) {
      const bytes = readFileSync(path.join(root, file));
      hash.update(`${file}\0${bytes.length}\0`).update(bytes);
    }
  }
  return hash.digest('hex');
}

/** A stamp lives inside the product it vouches for, so that deleting the product deletes it too. */
export function readStamp(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

export function writeStamp(file, print) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${print}\n`);
}
