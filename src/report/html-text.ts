/** Text of QEMUs and users in HTML files. */
import { printable } from '../model/text/printable.js';

/** Made safe for elements and for attributes in double quotes. */
export function escaped(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export const element = (tag: string, text: string): string => `<${tag}>${escaped(text)}</${tag}>`;
