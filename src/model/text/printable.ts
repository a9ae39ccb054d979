/**
 * Text of others (QEMU's stderr, QMP replies, paths) made safe to show: it may hold escape
 * sequences that would drive a terminal, or characters that no XML or YAML file may hold.
 */

const unsafe = /[\p{Cc}\p{Cs}\p{Bidi_Control}\uFFFE\uFFFF]/gu;

function escaped(character: string): string {
  if (character === '\n' || character === '\t') return character;
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

/**
 * Control characters (those that turn the direction of writing among them), lone surrogates and
 * non-characters as visible escapes; newlines and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unsafe, escaped);
}

/** The same on one line, for places where a newline would end a record. */
export function printableLine(text: string): string {
  return printable(text.trim()).replace(/\s*\n\s*/g, ' ');
}

export function printableLines(text: string): string[] {
  return printable(text).trimEnd().split('\n');
}
