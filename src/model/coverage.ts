/**
 * What of a QEMU's migration there is to be exercised, and what of it a test exercised:
 * capabilities, parameters and their values, transports, kinds of channels. Each is one text of its
 * kind and its name, such as `capability multifd`, `value mode=cpr-reboot` or `transport unix`.
 * Pure.
 */
import type { QemuFeatures } from './features.js';
import { asArray, asObject, asString } from './json.js';
import type { Json, JsonObject } from './json.js';

export const coverageKinds = ['capability', 'parameter', 'value', 'transport', 'channel'] as const;
export type CoverageKind = (typeof coverageKinds)[number];

/** a kind, a space, a name */
export type CoverageItem = `${CoverageKind} ${string}`;

/** sockets are called after their families, and in addresses by other names */
const transportOfSocket: Readonly<Record<string, string>> = { inet: 'tcp' };
const transportOf = (name: string): string => transportOfSocket[name] ?? name;

/** What a QEMU has, by its own introspection. */
export function offeredBy(features: QemuFeatures): CoverageItem[] {
  const { capabilities, parameters, parameterValues, transports, socketTypes, channelTypes } =
    features;
  const named = transports.flatMap((name) => (name === 'socket' ? socketTypes : [name]));
  return [
    ...capabilities.map((name) => `capability ${name}` as const),
    ...parameters.map((name) => `parameter ${name}` as const),
    ...Object.entries(parameterValues).flatMap(([name, values]) =>
      values.map((value) => `value ${name}=${value}` as const),
    ),
    ...named.map((name) => `transport ${transportOf(name)}` as const),
    ...channelTypes.map((name) => `channel ${name}` as const),
  ];
}

/** What a QMP command exercises, once QEMU has accepted it. */
export function exercisedBy(command: string, args: JsonObject = {}): CoverageItem[] {
  switch (command) {
    case 'migrate-set-capabilities':
      return asArray(args['capabilities'])
        .map(asObject)
        .filter(({ state }) => state === true)
        .map(({ capability }) => `capability ${asString(capability) ?? ''}` as const);
    case 'migrate-set-parameters':
      return Object.entries(args).flatMap(([name, value]): CoverageItem[] =>
        typeof value === 'string'
          ? [`parameter ${name}`, `value ${name}=${value}`]
          : [`parameter ${name}`],
      );
    case 'migrate':
    case 'migrate-incoming':
    case 'migrate-recover':
      return [
        ...exercisedByAddress(asString(args['uri'])),
        ...asArray(args['channels']).flatMap(exercisedByChannel),
      ];
    default:
      return [];
  }
}

/** @param address such as `tcp:127.0.0.1:0`, of a command or of `-incoming` */
export function exercisedByAddress(address: string | undefined): CoverageItem[] {
  const scheme = /^([a-z]+):/.exec(address ?? '')?.[1];
  return scheme === undefined ? [] : [`transport ${scheme}`];
}

function exercisedByChannel(channel: Json): CoverageItem[] {
  const { 'channel-type': kind, addr } = asObject(channel);
  const { transport, type } = asObject(addr);
  const name = asString(transport === 'socket' ? type : transport);
  return [
    ...(typeof kind === 'string' ? [`channel ${kind}` as const] : []),
    ...(name === undefined ? [] : [`transport ${transportOf(name)}` as const]),
  ];
}
