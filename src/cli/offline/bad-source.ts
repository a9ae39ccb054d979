/** The error for a SOURCE argument, or an option beside it, that a user has to change. */
import { HarnessError } from '../../model/errors.js';

export function usage(message: string): HarnessError {
  return new HarnessError({ code: 'bad-source', blame: 'usage', message });
}

/** @param cause why stat() or open() failed */
export function unreadable(word: string, cause: unknown): HarnessError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  const denied = code === 'EACCES' || code === 'EPERM';
  return new HarnessError({
    code: 'source-unreadable',
    blame: missing || denied ? 'usage' : 'host',
    message: `${word}: ${missing ? 'no such file' : `cannot be read (${code})`}`,
    cause,
  });
}
