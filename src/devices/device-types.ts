/**
 * The device types that a QEMU's machine takes on its command line: what the monitor lists (`info
 * qdm`, the text of `-device help`), with the properties of each.
 */
import { asArray, asObject, asString } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import type { WaitOptions } from '../model/deadline.js';
import { QmpCommandError } from '../qmp/client.js';

export interface DeviceType {
  readonly name: string;
  /** the bus that it plugs into, as QEMU names it; absent where it needs none */
  readonly bus?: string;
  /** QEMU's heading, such as `Network` */
  readonly category: string;
  /** names of its properties */
  readonly properties: readonly string[];
}

type Named = Omit<DeviceType, 'properties'>;

/** Each device once, in the order of the text; without those that users cannot plug in. */
export function readDeviceList(text: string): Named[] {
  const found = new Map<string, Named>();
  let category = '';
  for (const line of text.split(/\r?\n/)) {
    const [, heading] = /^(\S.*) devices:$/.exec(line) ?? [];
    if (heading !== undefined) category = heading;
    const [, name, bus, rest = ''] = /^name "([^"]+)"(?:, bus ([^\s,]+))?(.*)$/.exec(line) ?? [];
    if (name === undefined || rest.endsWith(', no-user') || found.has(name)) continue;
    found.set(name, bus === undefined ? { name, category } : { name, bus, category });
  }
  return [...found.values()];
}

/** what asks a QEMU: its QMP client */
interface Asked {
  executeRaw(command: string, args?: JsonObject, options?: Partial<WaitOptions>): Promise<Json>;
}

/** What is known of the types so far: asking for the properties of some kills a QEMU. */
export class DeviceTypes {
  readonly #properties = new Map<string, readonly string[]>();

  /**
   * May be called again with another QEMU when this one has died: that one is not asked for the
   * type that killed it.
   */
  async ask(qmp: Asked, options: Partial<WaitOptions> = {}): Promise<DeviceType[]> {
    const asking = { 'command-line': 'info qdm' };
    const text = await qmp.executeRaw('human-monitor-command', asking, options);
    const types: DeviceType[] = [];
    for (const named of readDeviceList(asString(text) ?? '')) {
      let properties = this.#properties.get(named.name);
      if (properties === undefined) {
        this.#properties.set(named.name, []);
        properties = await propertiesOf(qmp, named.name, options);
        this.#properties.set(named.name, properties);
      }
      types.push({ ...named, properties });
    }
    return types;
  }
}

async function propertiesOf(
  qmp: Asked,
  typename: string,
  options: Partial<WaitOptions>,
): Promise<string[]> {
  try {
    const answer = await qmp.executeRaw('device-list-properties', { typename }, options);
    return asArray(answer).flatMap((one) => asString(asObject(one)['name']) ?? []);
  } catch (error) {
    // of some types a QEMU cannot make one to look at
    if (error instanceof QmpCommandError) return [];
    throw error;
  }
}
