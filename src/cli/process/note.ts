/** What a command says beside its result. */
import { printableLine } from '../../model/text/printable.js';

export function noteOnStderr(text: string): void {
  process.stderr.write(`drover: ${printableLine(text)}\n`);
}
