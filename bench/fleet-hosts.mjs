// A fleet of three hosts that share nothing but the kernel: network, process, host name and IPC namespaces of
// their own, joined by veth pairs; coordinator and PostgreSQL in a fourth. While a run goes over them, one host
// is killed, one loses its link for a while, and PostgreSQL is killed. In the end the results must be those of a
// run on one host, test for test. As root: node bench/fleet-hosts.mjs QEMU [OPTIONS OF drover run]
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const MAIN = path.join(import.meta.dirname, '../dist/cli/main.js');
const HOSTS = ['alpha', 'beta', 'gamma'];
const PREFIX = `dr${process.pid}`;
const LINK_DOWN_MS = 20_000;
const [qemu, ...options] = process.argv.slice(2);
if (qemu === undefined || process.getuid() !== 0) {
  console.error('usage, as root: node bench/fleet-hosts.mjs QEMU [OPTIONS OF drover run]');
  process.exit(2);
}
const words = options.length > 0 ? options : ['--level', 'full'];

const base = mkdtempSync(path.join(os.tmpdir(), 'fleet-'));
chmodSync(base, 0o711);
const children = [];
const say = (text) =>
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${text}`);

function must(program, ...args) {
  const { status, stderr, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const namespace = (name) => `${PREFIX}${name}`;

/** A bridge in the database's namespace, and a veth pair from it to each host. */
function makeNetwork() {
  const db = namespace('db');
  must('ip', 'netns', 'add', db);
  const inDb = (...args) => must('ip', '-n', db, ...args);
  inDb('link', 'set', 'lo', 'up');
  inDb('link', 'add', 'br0', 'type', 'bridge');
  inDb('addr', 'add', '10.99.0.1/24', 'dev', 'br0');
  inDb('link', 'set', 'br0', 'up');
  HOSTS.forEach((name, index) => {
    const host = namespace(name);
    must('ip', 'netns', 'add', host);
    inDb('link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host);
    inDb('link', 'set', `to-${name}`, 'master', 'br0', 'up');
    must('ip', '-n', host, 'link', 'set', 'lo', 'up');
    must('ip', '-n', host, 'addr', 'add', `10.99.0.${11 + index}/24`, 'dev', 'eth0');
    must('ip', '-n', host, 'link', 'set', 'eth0', 'up');
  });
}

/** A command of Drover in a namespace; a host has process ids, a name and IPC of its own, too. */
function start(name, args, isHost) {
  const temporary = path.join(base, `tmp-${name}`);
  mkdirSync(temporary, { recursive: true });
  const log = path.join(base, `${name}.log`);
  const output = openSync(log, 'a');
  const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--uts', '--ipc'];
  const shell = ['sh', '-c', `hostname ${name}; exec "$0" "$@"`];
  const child = spawn(
    'ip',
    [
      ...['netns', 'exec', namespace(isHost ? name : 'db')],
      ...(isHost ? [...apart, ...shell] : []),
      ...[process.execPath, MAIN, ...args],
    ],
    {
      stdio: ['ignore', output, output],
      env: { ...process.env, TMPDIR: temporary, NO_COLOR: '1' },
    },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  children.push({ child, ended });
  return { child, ended, log };
}

async function until(what, look, limitMs = 60_000) {
  const end = performance.now() + limitMs;
  while (!look()) {
    if (performance.now() > end) throw new Error(`no ${what} within ${limitMs / 1000} s`);
    await sleep(50);
  }
}

const text = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const eventsOf = (out) =>
  text(path.join(out, 'events.jsonl'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
const finishedIn = (out) => eventsOf(out).filter(({ type }) => type === 'test-finished');
/** Of each attempt its outcome; a reason may hold a figure that was measured. */
const table = (out) =>
  finishedIn(out)
    .map(({ test, attempt, outcome: { kind, reason = '' } }) =>
      [test, attempt, kind, reason.replaceAll(/\d+/g, 'N')].join(' '),
    )
    .sort();

/** When each host was seen to be lost, from the moment at which it was. */
function losses(out, lostAt) {
  const [started, ...events] = eventsOf(out);
  return events.flatMap(({ type, atMs, message }) => {
    const [, name] = /^host (\S+) was lost while/.exec(type === 'warning' ? message : '') ?? [];
    if (name === undefined) return [];
    const afterMs = Date.parse(started.time) + atMs - lostAt[name];
    return `${(afterMs / 1000).toFixed(1)} s after it was lost: ${message}`;
  });
}

/** Whether a host runs a test now, after some others; each has one place, in the order of the names. */
function isBusy(out, name) {
  const own = eventsOf(out).filter(({ slot }) => slot === HOSTS.indexOf(name));
  return own.length > 4 && own.at(-1).type === 'test-started';
}

function qemusOf(name) {
  const { stdout } = spawnSync('pgrep', ['-f', path.join(base, `tmp-${name}`)], {
    encoding: 'utf8',
  });
  return stdout
    .split('\n')
    .filter((pid) => pid !== '' && /qemu-system/.test(text(`/proc/${pid}/cmdline`))).length;
}

const folder = path.join(base, 'fleet');
async function main() {
  makeNetwork();
  const up = start('coordinator', ['fleet', 'up', folder, '--host', '10.99.0.1'], false);
  await until('join line', () => text(up.log).includes('#sha256:'));
  const agents = {};
  for (const name of HOSTS) {
    const token = start(`token-${name}`, ['fleet', 'token', folder], false);
    await token.ended;
    const file = path.join(base, `${name}.join`);
    writeFileSync(file, text(token.log));
    const args = ['agent', '--join', file, '--qemu', qemu, '-j', '1'];
    agents[name] = start(name, args, true);
  }
  for (const name of HOSTS)
    await until(`agent ${name}`, () => / database /.test(text(agents[name].log)));
  say('three hosts have joined');

  const [over, single] = ['over', 'single'].map((name) => path.join(base, name));
  const common = ['--qemu', qemu, '--accel', 'tcg', ...words];
  const run = start('run', ['run', '--fleet', folder, ...common, '--out', over], false);
  const lostAt = {};
  const whenBusy = async (name, what) => {
    await until(`test on host ${name}`, () => isBusy(over, name), 600_000);
    say(`${finishedIn(over).length} results: ${what}`);
    lostAt[name] = Date.now();
  };
  await whenBusy('alpha', 'host alpha is killed, with all its processes');
  // the first process of its namespace: the kernel ends all others with it
  agents.alpha.child.kill('SIGKILL');
  await sleep(2000);
  await whenBusy('beta', `the link of host beta goes down for ${LINK_DOWN_MS / 1000} s`);
  must('ip', '-n', namespace('db'), 'link', 'set', 'to-beta', 'down');
  const downMs = performance.now();
  let seenMs = 0;
  while (performance.now() - downMs < LINK_DOWN_MS) {
    if (qemusOf('beta') > 0) seenMs = performance.now() - downMs;
    await sleep(100);
  }
  say(`host beta had QEMUs until ${(seenMs / 1000).toFixed(1)} s after its link went down`);
  must('ip', '-n', namespace('db'), 'link', 'set', 'to-beta', 'up');
  await sleep(3000);
  const [postmaster] = text(path.join(folder, 'postgresql/data/postmaster.pid')).split('\n');
  const isOver = run.child.exitCode !== null;
  say(`the link is back; PostgreSQL is killed${isOver ? ', after the end of the run' : ''}`);
  process.kill(Number(postmaster), 'SIGKILL');
  const code = await run.ended;
  say(`the run over the fleet ended with ${code}`);
  for (const line of losses(over, lostAt)) console.log(`          ${line}`);
  const down = start('down', ['fleet', 'down', folder], false);
  say(`fleet down ended with ${await down.ended}`);
  await Promise.all(children.map(({ ended }) => ended));

  const alone = start('single', ['run', ...common, '-j', '2', '--out', single], false);
  say(`the run on one host ended with ${await alone.ended}`);
  const [a, b] = [table(over), table(single)];
  const differ = [
    ...a.filter((line) => !b.includes(line)),
    ...b.filter((line) => !a.includes(line)),
  ];
  for (const line of differ) console.log(`differs: ${line}`);
  const same = differ.length === 0 && a.length === b.length && new Set(a).size === a.length;
  const byHost = Object.fromEntries(
    HOSTS.map((name) => [name, finishedIn(over).filter(({ host }) => host === name).length]),
  );
  say(`${a.length} results, by host ${JSON.stringify(byHost)}: ${same ? 'equal' : 'NOT EQUAL'}`);
  return same ? 0 : 1;
}

const tidy = () => {
  for (const { child } of children) child.kill('SIGKILL');
  for (const name of ['db', ...HOSTS]) spawnSync('ip', ['netns', 'del', namespace(name)]);
};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    tidy();
    process.exit(130);
  });
}
try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  for (const name of ['coordinator', 'run', ...HOSTS]) {
    console.error(`== ${name}\n${text(path.join(base, `${name}.log`)).slice(-1500)}`);
  }
  process.exitCode = 3;
} finally {
  tidy();
  if (process.exitCode === 0) rmSync(base, { recursive: true, force: true });
  else console.error(`kept: ${base}`);
}
