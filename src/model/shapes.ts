/**
 * What the shapes of test definitions are made of: the schema is the declaration, and a type is
 * derived from it.
 */
import * as v from 'valibot';

/** the type of an object with these fields */
export type Fields<E extends v.ObjectEntries> = Readonly<
  v.InferOutput<v.StrictObjectSchema<E, undefined>>
>;

export const text = v.pipe(v.string(), v.nonEmpty('a string that is not empty'));
export const texts = v.pipe(v.array(v.string()), v.readonly());

/** a whole number, with a message that says so */
export const whole = (least: 0 | 1) =>
  v.pipe(
    v.number(),
    v.check(
      (value) => Number.isSafeInteger(value) && value >= least,
      `a whole number of at least ${least}`,
    ),
  );
