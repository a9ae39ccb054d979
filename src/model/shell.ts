/** Words for sh(1). */

/** one word, whatever it holds, to be pasted into a shell */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
