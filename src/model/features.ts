/**
 * What one QEMU binary can do, as its own introspection says, and what tests need of it.
 * Plain data, so that it can be kept in a cache and sent to workers.
 */
import * as v from 'valibot';
import { hostFactNames, hostObstacle } from './host-facts.js';
import type { HostFacts } from './host-facts.js';
import { text, texts } from './shapes.js';

export interface MachineType {
  readonly name: string;
  readonly alias?: string;
}

export interface QemuFeatures {
  /** SHA-256 of the program itself, not of what starts it; absent where it could not be read */
  readonly digest?: string;
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
  /**
   * transports, such as socket, exec, file and rdma; the last one is probed, since the schema names
   * it even where it is not compiled in
   */
  readonly transports: readonly string[];
  /** families of sockets, such as inet and vsock */
  readonly socketTypes: readonly string[];
  /** kinds of channels that a migration may have, such as main and cpr */
  readonly channelTypes: readonly string[];
  /** multifd compression methods built in */
  readonly compressions: readonly string[];
  /** values of the enum-typed migration parameters, such as mode and zero-page-detection */
  readonly parameterValues: Readonly<Record<string, readonly string[]>>;
  /** statuses that query-migrate may report */
  readonly statuses: readonly string[];
  /** members of query-migrate's answer beside the status */
  readonly migrationFigures: readonly string[];
  /** names of all devices that can be plugged in, such as virtio-rng-pci */
  readonly devices: readonly string[];
  /** properties of object types that tests need some of, such as memory-backend-memfd */
  readonly properties?: Readonly<Record<string, readonly string[]>>;
  /**
   * sets of capabilities that were tried together and refused, sorted and joined by `+`, with
   * QEMU's reason
   */
  readonly refusedTogether: Readonly<Record<string, string>>;
  /** why TLS does not work, in QEMU's words; empty if it works */
  readonly tlsObstacle: string;
  /** why a transport cannot be used, where the probe of it failed */
  readonly obstacles?: Readonly<Record<string, string>>;
}

const since = text;

const needKinds = [
  v.strictObject({ kind: v.literal('capability'), name: text, since }),
  v.strictObject({ kind: v.literal('parameter'), name: text, since }),
  v.strictObject({ kind: v.literal('transport'), name: text, since }),
  v.strictObject({ kind: v.literal('compression'), name: text, since }),
  v.strictObject({ kind: v.literal('status'), name: text, since }),
  v.strictObject({ kind: v.literal('device'), name: text, since }),
  v.strictObject({ kind: v.literal('property'), object: text, name: text, since }),
  v.strictObject({ kind: v.literal('argument'), command: text, name: text, since }),
  /** a value of an enum-typed migration parameter */
  v.strictObject({ kind: v.literal('value'), parameter: text, name: text, since }),
  /**
   * A behaviour that introspection does not show: `witness` is a capability, a migration status, or
   * a member of the answer of query-migrate, that came in the same release, and stands for it.
   */
  v.strictObject({ kind: v.literal('behaviour'), what: text, witness: text, since }),
  /**
   * What later releases removed; `witness` is a migration status that came in the release that
   * removed it.
   */
  v.strictObject({ kind: v.literal('former'), what: text, witness: text, before: text }),
  /** capabilities that must be allowed at the same time */
  v.strictObject({ kind: v.literal('together'), names: texts, since }),
  v.strictObject({ kind: v.literal('tls'), since }),
  /**
   * something of this host, or of what QEMU makes of it; probed once, and only when a test needs it
   */
  v.strictObject({ kind: v.literal('host'), name: v.picklist(hostFactNames) }),
] as const;

/** One demand of a test on both QEMUs. `since` is for the reader of the reason only. */
export const needShape = v.variant('kind', needKinds);
export type Need = v.InferOutput<typeof needShape>;

const withReason = (text: string, reason: string | undefined): string =>
  reason === undefined ? text : `${text}: ${reason}`;

/** Why a QEMU does not meet a need; undefined when it does. */
export function unmet(
  need: Need,
  features: QemuFeatures,
  host: HostFacts = {},
): string | undefined {
  if (need.kind === 'host') return hostObstacle(host, need.name);
  if (need.kind === 'former') {
    return features.statuses.includes(need.witness)
      ? `QEMU ${features.version} no longer has ${need.what} (needs one before ${need.before})`
      : undefined;
  }
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
      return features.transports.includes(need.name)
        ? undefined
        : withReason(lacks(`${need.name}: migration`), features.obstacles?.[need.name]);
    case 'compression':
      return features.compressions.includes(need.name)
        ? undefined
        : lacks(`multifd compression ${need.name}`);
    case 'property':
      return features.properties?.[need.object]?.includes(need.name) === true
        ? undefined
        : lacks(`property ${need.name} of ${need.object}`);
    case 'argument':
      return features.commands[need.command]?.includes(need.name) === true
        ? undefined
        : lacks(`argument ${need.name} of ${need.command}`);
    case 'behaviour':
      return [features.capabilities, features.migrationFigures, features.statuses].some((names) =>
        names.includes(need.witness),
      )
        ? undefined
        : lacks(need.what);
    case 'value':
      return features.parameterValues[need.parameter]?.includes(need.name) === true
        ? undefined
        : lacks(`value ${need.name} of migration parameter ${need.parameter}`);
    case 'status':
      return features.statuses.includes(need.name)
        ? undefined
        : lacks(`migration status ${need.name}`);
    case 'device':
      return features.devices.includes(need.name) ? undefined : lacks(`device ${need.name}`);
    case 'together': {
      const refusal = features.refusedTogether[need.names.toSorted().join('+')];
      return refusal === undefined
        ? undefined
        : `QEMU ${features.version} has no ${need.names.join(' with ')} (needs ${need.since}): ${refusal}`;
    }
    case 'tls':
      return features.tlsObstacle === ''
        ? undefined
        : `QEMU ${features.version} has no TLS: ${features.tlsObstacle}`;
  }
}
