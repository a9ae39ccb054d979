/**
 * Holds events to the published schema, and to it alone: a field that the schema does not tell is a
 * fault, too.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { isObject } from '../../model/json.js';
import { packageRoot } from '../../model/scratch.fixtures.js';

function schemaOf(isStrict: boolean): object {
  const file = path.join(packageRoot, 'docs', 'reference', 'events.schema.json');
  const text = readFileSync(file, 'utf8');
  return JSON.parse(text, (_key, value: unknown) => {
    const isOpen = isObject(value) && 'properties' in value && !('additionalProperties' in value);
    return isStrict && isOpen ? { ...value, additionalProperties: false } : value;
  }) as object;
}

let published: ValidateFunction | undefined;
let strict: ValidateFunction | undefined;

/**
 * What is wrong with one event, as lines; none where it is as published, and has no further field.
 */
export function eventFaults(event: unknown): string[] {
  published ??= new Ajv({ allErrors: true, strict: false }).compile(schemaOf(false));
  strict ??= new Ajv({ allErrors: true, strict: false }).compile(schemaOf(true));
  return [published, strict].flatMap((validate) =>
    validate(event)
      ? []
      : (validate.errors ?? []).map(
          ({ instancePath, message, params }) =>
            `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
        ),
  );
}
