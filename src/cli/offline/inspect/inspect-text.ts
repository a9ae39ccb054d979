/** What is in a migration stream, in words and tables. Pure. */
import type { NativeBlock, NativeBlockStatistics } from '../../../native/image-addon.js';
import { recordKinds } from '../../../native/stream-report.js';
import type { BlockReport, SectionReport, StreamReport } from '../../../native/stream-report.js';
import { columns } from '../../../model/text/columns.js';
import { showName } from '../offline-output.js';
import { formatBytes, formatRange } from '../../../model/text/sizes.js';
import { counted, hex } from '../../../model/text/format.js';

/** a dump may list thousands; JSON has all */
const mostPlaces = 20;

export function blocksText(
  blocks: readonly NativeBlock[],
  statistics: readonly NativeBlockStatistics[],
): string[] {
  if (blocks.length === 0) return ['RAM blocks: none'];
  const rows = blocks.map((block, index) => {
    const found = statistics[index];
    const data = (found?.stored ?? 0) + (found?.packed ?? 0) + (found?.filled ?? 0);
    const places = block.places
      .slice(0, mostPlaces)
      .map(({ address, length }) => formatRange({ start: address, end: address + length }));
    const more = block.places.length - places.length;
    if (more > 0) places.push(`and ${counted(more, 'more range')}`);
    return [
      showName(block.name),
      formatBytes(block.length),
      String(found?.pages ?? 0),
      String(data),
      String(found?.zero ?? 0),
      String(found?.absent ?? 0),
      block.contentElsewhere ? 'elsewhere (x-ignore-shared)' : places.join(' ') || '-',
    ];
  });
  const head = ['block', 'size', 'pages', 'data', 'zero', 'absent', 'guest addresses'];
  return ['RAM blocks:', ...columns([head, ...rows], [1, 2, 3, 4, 5])];
}

export function streamText(report: StreamReport): string[] {
  return [
    ...headerText(report),
    ...recordsText(report),
    ...passesText(report),
    ...channelsText(report),
    ...blockFactsText(report.blocks),
    ...sectionsText(report.sections),
    ...commandsText(report),
    ...warningsText(report),
  ];
}

function headerText(report: StreamReport): string[] {
  const { streamOffset, endOffset, pageBytes, pageBytesSource, uuid } = report;
  const listed = report.capabilities.map(showName);
  const seen = report.seenCapabilities.map(showName).filter((name) => !listed.includes(name));
  const capabilities = [...listed, ...seen.map((name) => `${name} (by what occurs)`)];
  return [
    `stream: offset ${streamOffset} to ${endOffset}, ${formatBytes(endOffset - streamOffset)}; pages of ${pageBytes} bytes (${pageBytesSource}); sections ${report.footers ? 'with' : 'without'} footers`,
    `capabilities: ${capabilities.join(', ') || 'none'}`,
    ...(uuid === '' ? [] : [`uuid: ${uuid}`]),
    ...(report.configuration.length === 0
      ? []
      : [`configuration: ${report.configuration.map(showName).join(', ')}`]),
  ];
}

function recordsText({ records, superseded, sentTimes }: StreamReport): string[] {
  const rows = recordKinds
    .filter((kind) => records[kind].records > 0)
    .map((kind) => {
      const { records: count, bytes } = records[kind];
      return [kind, String(count), bytes === 0 ? '' : formatBytes(bytes)];
    });
  if (rows.length === 0) return [];
  const last = sentTimes.length - 1;
  const times = sentTimes.flatMap((pages, count) =>
    pages === 0 ? [] : [`${pages} ${count === last ? `${count} times or more` : timesText(count)}`],
  );
  return [
    'page records:',
    ...columns([['kind', 'records', 'in the file'], ...rows], [1, 2]),
    ...(times.length === 0
      ? []
      : [`pages sent: ${times.join(', ')}; ${superseded} records superseded`]),
  ];
}

function timesText(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}

/** More would only scroll by. */
const passesShown = 20;

function passesText({ passes, passesTotal, ramChunks, flushes }: StreamReport): string[] {
  if (passes.length === 0) return [];
  const rows = passes
    .slice(0, passesShown)
    .map(({ records, bytes }, index) => [String(index + 1), String(records), formatBytes(bytes)]);
  const more = passesTotal - rows.length;
  return [
    `iterations: ${passesTotal}, in ${counted(ramChunks, 'section part')}${flushes > 0 ? `, ${counted(flushes, 'channel synchronisation')}` : ''}`,
    ...columns([['', 'records', 'bytes'], ...rows], [0, 1, 2]),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function channelsText({ channels }: StreamReport): string[] {
  if (channels.length === 0) return [];
  const rows = channels.map((channel) => [
    String(channel.id),
    channel.compression,
    String(channel.packets),
    String(channel.pages),
    String(channel.zeroPages),
    formatBytes(channel.payloadBytes),
  ]);
  const head = ['channel', 'compression', 'packets', 'pages', 'zero pages', 'payload'];
  return ['channels:', ...columns([head, ...rows], [0, 2, 3, 4, 5])];
}

function blockFactsText(blocks: readonly BlockReport[]): string[] {
  const facts = blocks.flatMap((block) => {
    const parts = [
      ...(block.pagesOffset > 0
        ? [`bitmap at ${hex(block.bitmapOffset)}, pages at ${hex(block.pagesOffset)}`]
        : []),
      ...(block.hostPageBytes > 0 ? [`host pages of ${formatBytes(block.hostPageBytes)}`] : []),
      ...(block.discarded > 0
        ? [`${counted(block.discarded, 'page')} taken back by postcopy`]
        : []),
    ];
    return parts.length === 0 ? [] : [`  ${showName(block.name)}: ${parts.join('; ')}`];
  });
  return facts.length === 0
    ? []
    : ['where blocks lie in the file, and what happened to them:', ...facts];
}

function sectionsText(sections: readonly SectionReport[]): string[] {
  const rows = sections.map((section) => [
    String(section.id),
    showName(section.name),
    String(section.instance),
    String(section.version),
    hex(section.offset),
    String(section.bytes),
    section.role === 'live'
      ? `live, ${counted(section.parts, 'part')}${section.ended ? '' : ', not ended'}`
      : [
          ...(section.packaged ? ['in the postcopy package'] : []),
          ...(section.sizeFromFooter ? ['size by footer'] : []),
        ].join(', '),
  ]);
  const head = ['id', 'section', 'instance', 'version', 'offset', 'bytes', ''];
  return [`sections: ${sections.length}`, ...columns([head, ...rows], [0, 2, 3, 4, 5])];
}

const commandNames: Readonly<Record<number, string>> = {
  1: 'open return path',
  2: 'ping',
  3: 'postcopy advise',
  4: 'postcopy listen',
  5: 'postcopy run',
  6: 'postcopy discard',
  7: 'package',
  8: 'enable COLO',
  9: 'postcopy resume',
  10: 'receive bitmap',
  11: 'switchover start',
};

function commandsText({ commands }: StreamReport): string[] {
  if (commands.length === 0) return [];
  const texts = commands.map(({ number, count }) => {
    const name = commandNames[number] ?? `unknown command ${number}`;
    return count === 1 ? name : `${name} (${count} times)`;
  });
  return [`commands: ${texts.join(', ')}`];
}

function warningsText({ warnings, warningsTotal, completenessReason }: StreamReport): string[] {
  const more = warningsTotal - warnings.length;
  return [
    ...(completenessReason === '' ? [] : [`completeness: ${showName(completenessReason)}`]),
    ...warnings.map(({ offset, text }) => `warning: ${showName(text)}, at offset ${offset}`),
    ...(more > 0 ? [`and ${counted(more, 'more warning')}`] : []),
  ];
}
