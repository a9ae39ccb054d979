/**
 * Reads what Drover needs out of `query-qmp-schema`. Type names there are numbers without meaning,
 * so everything is found by walking from a command's name.
 */
import { asArray, asObject, asString } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';

export class QmpSchema {
  readonly #byName = new Map<string, JsonObject>();

  constructor(answer: Json) {
    for (const entry of asArray(answer)) {
      const object = asObject(entry);
      const name = asString(object['name']);
      if (name !== undefined) this.#byName.set(name, object);
    }
  }

  /** commands and the names of their arguments */
  commands(): Record<string, string[]> {
    const commands: Record<string, string[]> = {};
    for (const [name, entry] of this.#byName) {
      if (entry['meta-type'] === 'command') {
        commands[name] = this.#members(asString(entry['arg-type'])).map((member) => member.name);
      }
    }
    return commands;
  }

  arguments(command: string): string[] {
    const entry = asObject(this.#byName.get(command));
    return this.#members(asString(entry['arg-type'])).map((member) => member.name);
  }

  /** enum-typed arguments of a command, with their values */
  enumArguments(command: string): Record<string, string[]> {
    const values: Record<string, string[]> = {};
    for (const name of this.arguments(command)) {
      const found = this.enumValues(command, name);
      if (found.length > 0) values[name] = found;
    }
    return values;
  }

  /** names of the members of what a command returns */
  resultMembers(command: string): string[] {
    const returned = asString(asObject(this.#byName.get(command))['ret-type']);
    return this.#members(returned).map(({ name }) => name);
  }

  /**
   * values of an enum-typed member of what a command returns; nested members are reached by a
   * longer path
   */
  resultEnum(command: string, ...path: readonly string[]): string[] {
    return this.#enumAt(asString(asObject(this.#byName.get(command))['ret-type']), path);
  }

  /** values of an enum-typed argument; arrays and nested members are reached by a longer path */
  enumValues(command: string, ...path: readonly string[]): string[] {
    return this.#enumAt(asString(asObject(this.#byName.get(command))['arg-type']), path);
  }

  #enumAt(from: string | undefined, path: readonly string[]): string[] {
    let type = from;
    for (const step of path) {
      const members = this.#members(this.#element(type));
      type = members.find((member) => member.name === step)?.type;
    }
    const entry = asObject(this.#byName.get(type ?? ''));
    return this.#enumOf(entry);
  }

  #enumOf(entry: JsonObject): string[] {
    // `members` came in 7.1 or so; `values` has been there all along
    const values = asArray(entry['values']).filter((value) => typeof value === 'string');
    if (values.length > 0) return values;
    return asArray(entry['members']).flatMap((member) => asString(asObject(member)['name']) ?? []);
  }

  /** the element type of an array type, or the type itself */
  #element(type: string | undefined): string | undefined {
    const entry = asObject(this.#byName.get(type ?? ''));
    return entry['meta-type'] === 'array' ? asString(entry['element-type']) : type;
  }

  #members(type: string | undefined): { name: string; type: string }[] {
    const entry = asObject(this.#byName.get(type ?? ''));
    return asArray(entry['members']).flatMap((member) => {
      const object = asObject(member);
      const name = asString(object['name']);
      const memberType = asString(object['type']);
      return name === undefined || memberType === undefined ? [] : [{ name, type: memberType }];
    });
  }
}
