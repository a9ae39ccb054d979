// A child process that answers one line for each line it is given: the floor program, and a QEMU's qtest.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const answerWithinMs = 300_000;

export function lineChild(program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [];
  let ended;
  const end = (why) => {
    ended ??= new Error(`${program} ${why}`);
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  child.on('error', (error) => end(`cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => end(`ended (${signal ?? code})`));
  child.stdin.on('error', () => end('closed its input'));
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));

  return {
    pid: child.pid,
    ask(line) {
      return new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        const timer = setTimeout(() => {
          reject(new Error(`${program} did not answer "${line}" within ${answerWithinMs} ms`));
        }, answerWithinMs);
        const settle = (how) => (value) => {
          clearTimeout(timer);
          how(value);
        };
        waiting.push({ resolve: settle(resolve), reject: settle(reject) });
        child.stdin.write(`${line}\n`);
      });
    },
    async [Symbol.asyncDispose]() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    },
  };
}
