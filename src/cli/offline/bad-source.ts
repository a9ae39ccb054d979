/** The error for a SOURCE argument, or an option beside it, that a user has to change. */
import { HarnessError } from '../../model/errors.js';

export function usage(message: string): HarnessError {
  return new HarnessError({ code: 'bad-source', blame: 'usage', message });
}
