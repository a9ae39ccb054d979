// Runs one set-up command quietly: its output goes to a log file, and its end is shown only when
// it fails. Leaves out retries and decisions about what a failure means for the user.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const TAIL_LINES = 30;

/** Our descriptors that each command inherits: the lock of set-up, so that a command which outlives a killed set-up holds it. */
export const inherited = [];

/** Set-up cannot go on. `advice` says what the user can do; the exit code is always 3. */
export class SetupFailure extends Error {
  constructor(message, { advice, tail } = {}) {
    super(message);
    this.advice = advice;
    this.tail = tail;
  }

  /** What the user reads: no stack trace. */
  describe() {
    const parts = [`drover set-up: ${this.message}`];
    if (this.tail) parts.push(indent(this.tail));
    if (this.advice) parts.push(this.advice);
    return parts.join('\n');
  }
}

const indent = (text) => text.replace(/^/gm, '    ');

export function tailOf(text, lines = TAIL_LINES) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/** The command as a user would type it, for messages. */
export function shown(command) {
  return command
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

/**
 * Runs `command` (an argument list) and returns { ok, code, signal, output, error, timedOut }.
 * It gets no standard input. A signal that ends us ends it first; a terminal's Ctrl-C reaches both.
 */
export function runCommand(command, { cwd, env = {}, timeoutMs, logFile } = {}) {
  return new Promise((resolve) => {
    const [program, ...args] = command;
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...inherited],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    if (logFile) mkdirSync(path.dirname(logFile), { recursive: true });
    const log = logFile && createWriteStream(logFile).on('error', () => {}); // a full disk is no failure of the command
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        log?.write(text);
      });
    }
    const passOn = (signal) => {
      child.kill(signal);
      process.exit(128 + (signal === 'SIGTERM' ? 15 : 1));
    };
    process.once('SIGTERM', passOn).once('SIGHUP', passOn);
    const finish = (result) => {
      process.off('SIGTERM', passOn).off('SIGHUP', passOn);
      log?.end();
      resolve({ output, ...result });
    };
    child.on('error', (error) => {
      finish({ ok: false, error, output: error.message });
    });
    child.on('close', (code, signal) => {
      finish({ ok: code === 0, code, signal, timedOut: child.killed });
    });
  });
}

/** How a finished command ended, in words. */
export function ending(result) {
  if (result.timedOut) return 'ran out of time';
  if (result.error) return 'could not be started';
  return result.signal ? `was ended by ${result.signal}` : `failed with exit code ${result.code}`;
}

/** As runCommand, but a failure is thrown, with the end of the output and `advice`. */
export async function mustRun(command, { advice, ...options } = {}) {
  const result = await runCommand(command, options);
  if (result.ok) return result;
  throw new SetupFailure(`\`${shown(command)}\` ${ending(result)}:`, {
    tail: tailOf(result.output) || '(it printed nothing)',
    advice: options.logFile ? `${advice}\nWhole output: ${options.logFile}` : advice,
  });
}
