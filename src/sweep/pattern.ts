/** What a sweep selects by name: a regular expression that a user typed. Pure. */
import { usageError } from '../model/errors.js';

/** @param example what the message shows @throws HarnessError `bad-pattern` */
export function patternOf(option: string, text: string | undefined, example: string): RegExp {
  try {
    return new RegExp(text ?? '');
  } catch (cause) {
    throw usageError(
      'bad-pattern',
      `${option}: expected a regular expression of JavaScript, such as '${example}', not '${text ?? ''}'`,
      { cause },
    );
  }
}
