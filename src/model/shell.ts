/** Words for sh(1). */

/** one word, whatever it holds, to be pasted into a shell */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export interface ShellWord {
  /** with quotes and backslashes taken away */
  readonly text: string;
  /** where it stands in the line, quotes included */
  readonly start: number;
  readonly end: number;
}

/** The words of a simple command line, as a shell would see them; expansions are not looked at. */
export function splitWords(line: string): ShellWord[] {
  const piece = /'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\]+|['"\\]/gy;
  const words: ShellWord[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    const start = at;
    let text = '';
    piece.lastIndex = at;
    for (let found = piece.exec(line); found !== null; found = piece.exec(line)) {
      text += unquote(found[0]);
      at = piece.lastIndex;
    }
    words.push({ text, start, end: at });
  }
  return words;
}

function unquote(piece: string): string {
  if (piece.length > 1 && piece.startsWith("'")) return piece.slice(1, -1);
  if (piece.length > 1 && piece.startsWith('"')) {
    return piece.slice(1, -1).replaceAll(/\\(["\\$`])/g, '$1');
  }
  return piece.length > 1 && piece.startsWith('\\') ? piece.slice(1) : piece;
}
