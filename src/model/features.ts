/**
 * What one QEMU binary can do, as its own introspection says, and the demands that tests put on it.
 * Plain data, so that it can be kept in a cache and sent to workers.
 */

export interface MachineType {
  readonly name: string;
  readonly alias?: string;
}

export interface QemuFeatures {
  readonly version: string;
  readonly package: string;
  readonly machines: readonly MachineType[];
  /** accelerators built in, such as tcg and kvm */
  readonly accelerators: readonly string[];
  /** migration capabilities */
  readonly capabilities: readonly string[];
  /** migration parameters that can be set */
  readonly parameters: readonly string[];
  /** names of QMP commands with their arguments' names */
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** transports, such as socket, exec, file and rdma; before 8.2 rdma is not told */
  readonly transports: readonly string[];
  /** multifd compression methods built in */
  readonly compressions: readonly string[];
}

/** One demand of a test on both QEMUs. `since` is for the reader of the reason only. */
export type Need =
  | { readonly kind: 'capability'; readonly name: string; readonly since: string }
  | { readonly kind: 'parameter'; readonly name: string; readonly since: string }
  | { readonly kind: 'transport'; readonly name: string; readonly since: string }
  | { readonly kind: 'compression'; readonly name: string; readonly since: string }
  | {
      readonly kind: 'argument';
      readonly command: string;
      readonly name: string;
      readonly since: string;
    }
  /**
   * A behaviour that introspection does not show: `witness` is a capability that came in the same
   * release, and stands for it.
   */
  | {
      readonly kind: 'behaviour';
      readonly what: string;
      readonly witness: string;
      readonly since: string;
    };

/** Why a QEMU does not meet a need; undefined when it does. */
export function unmet(need: Need, features: QemuFeatures): string | undefined {
  const lacks = (what: string): string =>
    `QEMU ${features.version} has no ${what} (needs ${need.since})`;
  switch (need.kind) {
    case 'capability':
      return features.capabilities.includes(need.name)
        ? undefined
        : lacks(`capability ${need.name}`);
    case 'parameter':
      return features.parameters.includes(need.name)
        ? undefined
        : lacks(`migration parameter ${need.name}`);
    case 'transport':
      return features.transports.includes(need.name) ? undefined : lacks(`${need.name}: migration`);
    case 'compression':
      return features.compressions.includes(need.name)
        ? undefined
        : lacks(`multifd compression ${need.name}`);
    case 'argument':
      return features.commands[need.command]?.includes(need.name) === true
        ? undefined
        : lacks(`argument ${need.name} of ${need.command}`);
    case 'behaviour':
      return features.capabilities.includes(need.witness) ? undefined : lacks(need.what);
  }
}
