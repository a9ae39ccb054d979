/**
 * Reads and checks the JSON of QEMU's `-dump-vmstate`: the device state that it sends and accepts,
 * of all devices in the program, not only those of the machine. Pure.
 */
import { HarnessError } from '../model/errors.js';
import { asArray, asNumber, asObject, asString, isObject } from '../model/json.js';
import type { Json } from '../model/json.js';

/** One device, a structure within it, or a subsection. */
export interface DumpedState {
  readonly name: string;
  readonly version: number;
  readonly minimumVersion: number;
  readonly fields: readonly DumpedField[];
  readonly subsections: readonly DumpedState[];
}

export interface DumpedField {
  readonly name: string;
  /** a state of at least this version has the field */
  readonly version: number;
  /** the device decides at run time whether the field is there, not the version */
  readonly isConditional: boolean;
  /** of one element, in memory; 0 if the field has an encoding of its own */
  readonly sizeBytes: number;
  /** undefined for an array of variable length, and in dumps without lengths */
  readonly count: number | undefined;
  readonly structure: DumpedState | undefined;
}

export interface VmstateDump {
  readonly machine: string;
  /** by the name of the device's type; undefined for a device without a description */
  readonly devices: ReadonlyMap<string, DumpedState | undefined>;
  /** the dump has the lengths of arrays (QEMU 9.x and newer) */
  readonly hasCounts: boolean;
}

/** in real dumps at most 6 */
const deepest = 64;
/** QEMU's name of the entry with the machine type */
const machineEntry = 'vmschkmachine';

/** @throws HarnessError `vmstate-dump` */
export function parseDump(text: string, origin: string): VmstateDump {
  const parser = new Parser(origin);
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch (cause) {
    throw parser.refusal('it is no JSON', cause);
  }
  if (!isObject(whole)) throw parser.refusal('it is no JSON object');
  const machine = asString(asObject(whole[machineEntry])['Name']);
  if (machine === undefined) throw parser.refusal('it names no machine type');
  const devices = new Map<string, DumpedState | undefined>();
  for (const [type, entry] of Object.entries(whole)) {
    if (type === machineEntry) continue;
    const description = asObject(entry)['Description'];
    devices.set(type, description === undefined ? undefined : parser.state(description, type, 0));
  }
  return { machine, devices, hasCounts: parser.hasCounts };
}

class Parser {
  hasCounts = false;

  constructor(private readonly origin: string) {}

  refusal(reason: string, cause?: unknown): HarnessError {
    return new HarnessError({
      code: 'vmstate-dump',
      blame: 'host',
      message: `what ${this.origin} wrote with -dump-vmstate cannot be used: ${reason}`,
      cause,
    });
  }

  state(json: Json, where: string, depth: number): DumpedState {
    if (depth > deepest) {
      throw this.refusal(`in ${where} structures are more than ${deepest} deep`);
    }
    const object = asObject(json);
    const name = asString(object['name']);
    if (name === undefined) throw this.refusal(`a description in ${where} has no name`);
    return {
      name,
      version: this.#number(object['version_id'], `version_id of ${name} in ${where}`),
      minimumVersion: this.#number(
        object['minimum_version_id'],
        `minimum_version_id of ${name} in ${where}`,
      ),
      fields: this.#list(object['Fields'], `Fields of ${name} in ${where}`).map((field) =>
        this.#field(field, where, depth),
      ),
      subsections: this.#list(object['Subsections'], `Subsections of ${name} in ${where}`).map(
        (subsection) => this.state(subsection, where, depth + 1),
      ),
    };
  }

  #field(json: Json, where: string, depth: number): DumpedField {
    const object = asObject(json);
    const name = asString(object['field']);
    if (name === undefined) throw this.refusal(`a field in ${where} has no name`);
    const { num, Description: structure } = object;
    if (num !== undefined) this.hasCounts = true;
    return {
      name,
      version: this.#number(object['version_id'], `version_id of ${name} in ${where}`),
      isConditional: object['field_exists'] === true,
      sizeBytes: this.#number(object['size'], `size of ${name} in ${where}`),
      count: num === undefined ? undefined : this.#number(num, `num of ${name} in ${where}`),
      structure: structure === undefined ? undefined : this.state(structure, where, depth + 1),
    };
  }

  #number(json: Json | undefined, what: string): number {
    const value = asNumber(json);
    if (value === undefined || !Number.isSafeInteger(value)) {
      throw this.refusal(`${what} is no whole number`);
    }
    return value;
  }

  #list(json: Json | undefined, what: string): readonly Json[] {
    if (json !== undefined && !Array.isArray(json)) throw this.refusal(`${what} is no list`);
    return asArray(json);
  }
}
