/**
 * Where RDMA could listen, with scripts in place of the `rdma` tool: right answers, wrong ones, and
 * none.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Cancelled } from '../../model/deadline.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { findRdmaAddress, lockingObstacle, parseLinks } from './rdma-link.js';
import type { Family, Found, LinkSearch } from './rdma-link.js';

/** as iproute2 prints it */
const link = (device: string, netdev: string, index = 0): object => ({
  ifindex: index,
  ifname: device,
  port: 1,
  state: 'ACTIVE',
  physical_state: 'LINK_UP',
  netdev,
  netdev_index: index + 2,
});

function v4(address: string): NetworkInterfaceInfo {
  const mac = '02:00:00:00:00:01';
  const cidr = `${address}/24`;
  return { family: 'IPv4', address, netmask: '255.255.255.0', mac, internal: false, cidr };
}

function v6(address: string, scopeid = 0): NetworkInterfaceInfo {
  const [mac, cidr] = ['02:00:00:00:00:01', `${address}/64`];
  return { family: 'IPv6', address, netmask: 'ffff::', mac, internal: false, cidr, scopeid };
}

const interfaces = {
  lo: [v4('127.0.0.1'), v6('::1')],
  eth0: [v4('192.0.2.2'), v4('192.0.2.3'), v6('fe80::1', 2), v6('2001:db8::2')],
  eth1: [v4('198.51.100.7'), v6('2001:db8::7')],
  eth2: [],
};

const env = { PATH: '/usr/bin:/bin' };

async function find(
  script: string,
  family: Family,
  more: Partial<LinkSearch> = {},
): Promise<Found> {
  using scratch = new Scratch();
  const tool = path.join(scratch.directory, 'rdma');
  writeFileSync(tool, script, { mode: 0o700 });
  const { directory } = scratch;
  const found = await findRdmaAddress(family, { tool, interfaces, directory, env, ...more });
  assert.deepEqual(scratch.processes(), []);
  return found;
}

const prints = (...links: readonly object[]): string =>
  `#!/bin/sh\n[ "$*" = '-j link show' ] || exit 9\ncat <<'END'\n${JSON.stringify(links)}\nEND\n`;

async function reason(
  script: string,
  family: Family = 'IPv4',
  more: Partial<LinkSearch> = {},
): Promise<string> {
  const found = await find(script, family, more);
  assert.ok(!found.available, JSON.stringify(found));
  assert.ok(found.reason.startsWith(`no RDMA link with an ${family} address: `), found.reason);
  return found.reason.slice(found.reason.indexOf(': ') + 2);
}

async function address(script: string, family: Family): Promise<string> {
  const found = await find(script, family);
  assert.ok(found.available, JSON.stringify(found));
  return found.address;
}

test('the first address of the first interface with a link and an address wins', async () => {
  const two = prints(link('rxe0', 'eth1'), link('rxe1', 'eth0', 1));
  assert.equal(await address(two, 'IPv4'), '198.51.100.7');
  assert.equal(await address(two, 'IPv6'), '[2001:db8::7]');
  const bare = prints(link('rxe0', 'eth2'), link('rxe1', 'eth0', 1));
  assert.equal(await address(bare, 'IPv4'), '192.0.2.2');
});

test('two searches in one directory do not share results', async () => {
  using scratch = new Scratch();
  const { directory } = scratch;
  const tool = path.join(directory, 'rdma');
  writeFileSync(tool, prints(link('rxe0', 'eth1')), { mode: 0o700 });
  const search = { tool, interfaces, directory, env };
  for (const family of ['IPv4', 'IPv6'] as const) {
    assert.ok((await findRdmaAddress(family, search)).available, family);
  }
});

test('a link-local address comes with its interface', async () => {
  assert.equal(await address(prints(link('rxe0', 'eth0')), 'IPv6'), '[fe80::1%eth0]');
});

test('loopback, tun and tap do not count, nor links without an interface', async () => {
  const others = [link('siw0', 'lo'), link('siw1', 'tun0', 1), link('siw2', 'tap3', 2)];
  const none = "'rdma -j link show' lists no link of a network interface";
  assert.equal(await reason(prints(...others, { ifname: 'mlx5_0', port: 1 })), none);
  assert.equal(await reason(prints()), none);
  assert.equal(await address(prints(...others, link('rxe0', 'eth1', 3)), 'IPv4'), '198.51.100.7');
});

test('links without an address are named', async () => {
  assert.equal(
    await reason(prints(link('rxe0', 'eth2'), link('rxe1', 'eth9', 1)), 'IPv6'),
    'none on any of the interfaces with a link (rxe0 on eth2, rxe1 on eth9)',
  );
});

test('a tool that fails is reported with its output', async () => {
  assert.equal(
    await reason('#!/bin/sh\necho Failed to open NETLINK_RDMA socket >&2\nexit 1\n'),
    '\'rdma -j link show\' exited with status 1 and printed "Failed to open NETLINK_RDMA socket"',
  );
  assert.match(await reason('#!/bin/sh\nkill -9 $$\n'), /was ended by SIGKILL.*printed nothing$/);
});

test('a tool that prints something else is reported with its first words', async () => {
  for (const [text, shown] of [
    ['link rxe0/1 state ACTIVE netdev eth0', '"link rxe0/1 state ACTIVE netdev eth0"'],
    ['{"ifname": "rxe0"}', String.raw`"{\"ifname\": \"rxe0\"}"`],
    ['', 'nothing'],
    ['x'.repeat(100), `"${'x'.repeat(80)}..."`],
  ] as const) {
    const said = await reason(`#!/bin/sh\nprintf '%s' '${text}'\n`);
    assert.equal(said, `'rdma -j link show' printed ${shown}, not a list of links`);
  }
  assert.match(await reason('#!/bin/sh\nhead -c 100000 /dev/urandom\n'), /not a list of links$/);
});

test('a tool that hangs is ended at the deadline, with what it started', async () => {
  // the directory on their command lines is what they are found by, were they left
  const sleep = `sh -c 'sleep 60; :' "$PWD"`;
  const script = `#!/bin/sh\necho so far\n${sleep} & ${sleep}\n`;
  const said = await reason(script, 'IPv4', { timeoutMs: 500 });
  assert.match(said, /^no end of 'rdma -j link show' within 500 ms; last seen: process \d+, /);
  assert.match(said, /so far/);
});

test('a cancelled search is cancelled, not a reason', async () => {
  const signal = AbortSignal.timeout(200);
  await assert.rejects(find('#!/bin/sh\nsleep 60\n', 'IPv4', { signal }), Cancelled);
});

test('without the tool the reason names where Drover searched', async () => {
  assert.match(await reason('', 'IPv4', { tool: undefined }), /no rdma tool .*iproute2.* PATH/);
});

test('lists with odd entries are read as far as they make sense', () => {
  assert.deepEqual(parseLinks('[null, 3, {"netdev": 4}, {"netdev": "eth0"}]'), [
    { device: 'a device', netdev: 'eth0' },
  ]);
  assert.equal(parseLinks('null'), undefined);
  assert.equal(parseLinks('[{'), undefined);
});

test('locked memory is limited for all but root', () => {
  const limits = (soft: string): string =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax locked memory         ${soft.padEnd(20)} unlimited            bytes\n`;
  assert.equal(lockingObstacle(limits('8388608'), true), undefined);
  assert.equal(lockingObstacle(limits('134217728'), false), undefined);
  assert.equal(lockingObstacle(limits('unlimited'), false), undefined);
  assert.equal(
    lockingObstacle(limits('8388608'), false),
    'guest memory is pinned, which needs 128 MiB of locked memory (ulimit -l 131072), and 8192 KiB are allowed',
  );
  assert.match(lockingObstacle('', false) ?? '', /not in \/proc\/self\/limits/);
});
