/**
 * Holds documents of a sweep to their published schema, and to it alone: a member that the schema
 * does not name is a mistake of Drover's.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { packageRoot } from '../model/scratch.fixtures.js';

const fileOf = (name: string): string =>
  path.join(packageRoot, 'docs', 'reference', `${name}.schema.json`);

/** Every object of the schema takes only what it names. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, closed(value)]),
  );
  return 'properties' in schema && schema['properties'] !== null && 'type' in schema
    ? { ...inner, additionalProperties: false }
    : inner;
}

/** @returns what is wrong; undefined: nothing */
export function schemaProblems(
  name: 'devices' | 'machines',
  document: unknown,
): string | undefined {
  const schema = closed(JSON.parse(readFileSync(fileOf(name), 'utf8'))) as object;
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  // as a reader gets it
  const plain: unknown = JSON.parse(JSON.stringify(document));
  return validate(plain) ? undefined : JSON.stringify(validate.errors, null, 1);
}
