/**
 * What a migration stream holds beside RAM, as native/addon/report_js.cc makes it. Lists are
 * capped, with their true totals beside them. Names and texts are raw bytes, one character each:
 * make them printable before you show them. For the guest's address map see the blocks of the
 * image.
 */

export const recordKinds = [
  'zero',
  'fill',
  'page',
  'xbzrle',
  'compress',
  'channelPage',
  'channelZero',
] as const;
export type RecordKind = (typeof recordKinds)[number];

/**
 * `bytes` are bytes of the files, headers included; none for channel records, whose pages share
 * headers.
 */
export type RecordCounts = Readonly<
  Record<RecordKind, { readonly records: number; readonly bytes: number }>
>;

export const pageKinds = ['absent', 'zero', 'fill', 'stored', 'packed'] as const;
/** pages by where their last content lies */
export type KindCounts = Readonly<Record<(typeof pageKinds)[number], number>>;

export interface BlockReport {
  readonly name: string;
  readonly length: number;
  /** 0 if the stream does not say */
  readonly hostPageBytes: number;
  readonly regionAddress: number | null;
  /** mapped-ram; else 0 */
  readonly bitmapOffset: number;
  readonly pagesOffset: number;
  readonly records: RecordCounts;
  readonly finalKinds: KindCounts;
  /** pages that postcopy discarded, each time */
  readonly discarded: number;
}

/**
 * One for each section id. A live section has many parts; `offset` and `length` are those of its
 * first payload.
 */
export interface SectionReport {
  readonly role: 'live' | 'device';
  readonly id: number;
  readonly name: string;
  readonly instance: number;
  readonly version: number;
  readonly offset: number;
  readonly length: number;
  readonly bytes: number;
  readonly parts: number;
  readonly ended: boolean;
  /** inside the package of a postcopy switch */
  readonly packaged: boolean;
  readonly sizeFromFooter: boolean;
}

export interface ChannelReport {
  readonly input: number;
  readonly id: number;
  readonly compression: string;
  readonly packets: number;
  readonly syncs: number;
  readonly pages: number;
  readonly zeroPages: number;
  readonly payloadBytes: number;
  readonly devicePackets: number;
}

export type Completeness =
  'incomplete' | 'ramCompleteTailUnparsed' | 'complete' | 'backgroundSnapshot' | 'devicesAlone';

export interface StreamReport {
  /** index of the file with the main stream */
  readonly mainInput: number;
  readonly streamOffset: number;
  readonly endOffset: number;
  readonly machine: string | null;
  readonly configuration: readonly string[];
  /** as the stream's configuration lists them */
  readonly capabilities: readonly string[];
  /** inferred from what occurs in the stream */
  readonly seenCapabilities: readonly string[];
  /** hexadecimal; empty when there is none */
  readonly uuid: string;
  readonly pageBytes: number;
  readonly pageBytesSource: string;
  readonly footers: boolean;
  /** how many files */
  readonly inputs: number;
  readonly blocks: readonly BlockReport[];
  readonly sections: readonly SectionReport[];
  readonly commands: readonly {
    readonly number: number;
    readonly count: number;
    readonly firstOffset: number;
  }[];
  readonly ramChunks: number;
  readonly flushes: number;
  readonly records: RecordCounts;
  readonly superseded: number;
  /** pages that came 0, 1, 2, ... times; the last means that often or more */
  readonly sentTimes: readonly number[];
  readonly passes: readonly { readonly records: number; readonly bytes: number }[];
  readonly passesTotal: number;
  readonly channels: readonly ChannelReport[];
  readonly vmdescOffset: number;
  readonly vmdescLength: number;
  readonly completeness: Completeness;
  readonly completenessReason: string;
  readonly stopped: {
    readonly reason: string;
    readonly input: number;
    readonly offset: number;
  } | null;
  readonly warnings: readonly {
    readonly input: number;
    readonly offset: number;
    readonly text: string;
  }[];
  readonly warningsTotal: number;
  readonly indexBytes: number;
  readonly scratchBytes: number;
}
