/** Decodes bytes, given as hexadecimal text, by fields as QEMU describes them. */
import type { Json } from '../model/json.js';
import { decodeState } from './decode.js';
import type { DecodedState } from './decode.js';
import { readDevice } from './description.js';

export function decoded(
  fields: readonly unknown[],
  bytes: string,
  rest: object = {},
): DecodedState {
  const description = readDevice({ name: 'device', version: 1, fields, ...rest }, 0);
  return decodeState(description.structure, Buffer.from(bytes.replaceAll(' ', ''), 'hex'));
}

/** what a program that reads our JSON sees */
export const plain = ({ state }: DecodedState): unknown =>
  JSON.parse(JSON.stringify(state)) as Json;

export const field = (name: string, type: string, size: number, rest: object = {}): object => ({
  name,
  type,
  size,
  ...rest,
});
