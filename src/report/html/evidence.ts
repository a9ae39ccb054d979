/**
 * Reads an attempt's kept directory: QMP transcripts, small text files, the end of larger ones.
 * Everything has a limit, so that a browser can open a report of many failures; the report links to
 * the files. Leaves out what it cannot read.
 */
import { closeSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { printable } from '../../model/text/printable.js';
import type { Attachment, Evidence, TranscriptMessage, TranscriptPart } from './payload.js';

const textBytes = 16 * 1024;
const transcriptBytes = 8 * 1024 * 1024;
const messagesShown = 400;
const messageLength = 2000;
const transcriptEnding = '.qmp.jsonl';

/** The limit for all attempts of a report together. */
export class InlineBudget {
  #left: number;
  constructor(characters = 48 * 1024 * 1024) {
    this.#left = characters;
  }

  /** whether this much still fits into the file */
  take(characters: number): boolean {
    if (characters > this.#left) return false;
    this.#left -= characters;
    return true;
  }
}

function messageOf(line: string): TranscriptMessage[] {
  try {
    const { ms, dir, msg } = JSON.parse(line) as { ms?: unknown; dir?: unknown; msg?: unknown };
    if (typeof ms !== 'number' || (dir !== '>' && dir !== '<')) return [];
    const whole = typeof msg === 'string' ? msg : JSON.stringify(msg);
    const text = whole.length > messageLength ? `${whole.slice(0, messageLength)}…` : whole;
    return [{ ms, dir, text: printable(text) }];
  } catch {
    // the last line of a killed run may be incomplete
    return [];
  }
}

function transcript(file: string, budget: InlineBudget): TranscriptPart[] {
  if (statSync(file).size > transcriptBytes) return [];
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const leftOut = Math.max(0, lines.length - messagesShown);
  const half = messagesShown / 2;
  const shown = leftOut === 0 ? lines : [...lines.slice(0, half), ...lines.slice(-half)];
  const messages = shown.flatMap(messageOf);
  const size = messages.reduce((sum, { text }) => sum + text.length + 40, 0);
  const machine = path.basename(file, transcriptEnding);
  return budget.take(size) ? [{ machine, messages, leftOut }] : [];
}

/** The end of a file, where it is text. */
function endOf(file: string, bytes: number): string | undefined {
  const length = Math.min(bytes, textBytes);
  const buffer = Buffer.alloc(length);
  const fd = openSync(file, 'r');
  try {
    const read = readSync(fd, buffer, 0, length, bytes - length);
    const text = buffer.subarray(0, read).toString('utf8');
    // A cut may fall into a character; a NUL or more than a stray bad byte means that it is no
    // text.
    const bad = text.split('\uFFFD').length - 1;
    return text.includes('\0') || bad > 4 ? undefined : printable(text.replace(/^\uFFFD+/, ''));
  } finally {
    closeSync(fd);
  }
}

function attachment(file: string, htmlFolder: string, budget: InlineBudget): Attachment {
  const name = path.basename(file);
  const bytes = statSync(file).size;
  const href = path.relative(htmlFolder, file).split(path.sep).map(encodeURIComponent).join('/');
  const text = name.endsWith(transcriptEnding) ? undefined : endOf(file, bytes);
  if (text === undefined || text === '' || !budget.take(text.length)) return { name, bytes, href };
  return { name, bytes, href, text, isEnd: bytes > textBytes || undefined };
}

export function readEvidence(
  directory: string,
  htmlFolder: string,
  budget: InlineBudget,
): Evidence | undefined {
  try {
    const files = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => path.join(directory, name))
      .sort();
    const attempt = <T>(read: () => T[]): T[] => {
      try {
        return read();
      } catch {
        return [];
      }
    };
    return {
      transcripts: files
        .filter((file) => file.endsWith(transcriptEnding))
        .flatMap((file) => attempt(() => transcript(file, budget))),
      files: files.flatMap((file) => attempt(() => [attachment(file, htmlFolder, budget)])),
    };
  } catch {
    return undefined;
  }
}
