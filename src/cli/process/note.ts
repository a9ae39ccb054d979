/** Notes of a command, on standard error. */
import { printableLine } from '../../model/text/printable.js';

export function noteOnStderr(text: string): void {
  process.stderr.write(`drover: ${printableLine(text)}\n`);
}
