/** What is passed on arrives, and what it was is known. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { requireEffects } from './effects.js';
import { loadAddon } from '../native/addon.js';
import type { NativeFault } from '../native/relay-addon.js';
import { Wire } from './wire.js';
import type { WireKind } from './wire.js';

interface Line {
  readonly wire: Wire;
  /** over a connection of its own */
  readonly send: (bytes: Buffer) => Promise<Socket>;
  /** over each connection that has ended; its length is the answer */
  readonly arrived: Buffer[];
}

/** A destination that answers each connection when its sender has ended it. */
async function withLine(kind: WireKind, body: (line: Line) => Promise<void>): Promise<void> {
  using scratch = new Scratch();
  const arrived: Buffer[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    const parts: Buffer[] = [];
    socket.on('data', (bytes) => parts.push(bytes));
    socket.on('end', () => {
      arrived.push(Buffer.concat(parts));
      socket.end(`got ${Buffer.concat(parts).length}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  try {
    const file = path.join(scratch.directory, 'wire');
    using wire = Wire.open(`tcp:127.0.0.1:${address.port}`, file, kind);
    const port = Number(/^tcp:127\.0\.0\.1:(\d+)$/.exec(wire.uri)?.[1]);
    const send = async (bytes: Buffer): Promise<Socket> => {
      const socket = createConnection({ host: '127.0.0.1', port, allowHalfOpen: true });
      await once(socket, 'connect');
      socket.end(bytes);
      return socket;
    };
    await body({ wire, send, arrived });
  } finally {
    server.close();
  }
}

async function answerOf(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  for await (const bytes of socket) parts.push(bytes as Buffer);
  return Buffer.concat(parts).toString();
}

const stream = Buffer.from('QEVM and more');
const handshake = Buffer.concat([Buffer.of(0x16, 3, 1), Buffer.alloc(200_000, 7)]);
const rest = { answer: {}, stampedBytes: 1000 };

test('both directions arrive; bytes and connections are counted', async () => {
  await withLine('plain', async ({ wire, send, arrived }) => {
    assert.equal(await answerOf(await send(stream)), 'got 13');
    assert.equal(await answerOf(await send(handshake)), 'got 200003');
    assert.deepEqual(arrived, [stream, handshake]);
    const [first, second] = wire.connections;
    assert.deepEqual([first?.isTls, first?.sentBytes], [false, 13]);
    assert.deepEqual([second?.isTls, second?.sentBytes], [true, 200_003]);
    assert.equal(first?.toward.source.takenBytes, 'got 13'.length);
    assert.ok(first.toward.destination.firstMs <= first.toward.source.firstMs);
    assert.equal(wire.hostTrouble, undefined);
  });
});

test('what is withheld arrives when it is let go', async () => {
  await withLine('withheld', async ({ wire, send }) => {
    const socket = await send(stream);
    const answer = answerOf(socket);
    const early = await Promise.race([answer, new Promise((done) => setTimeout(done, 50))]);
    assert.equal(early, undefined);
    wire.answer();
    assert.equal(await answer, 'got 13');
  });
});

test('faults do to one connection what they say, and end when it is healed', async () => {
  const { signal } = new AbortController();
  await withLine('plain', async ({ wire, send, arrived }) => {
    const only = { toward: 'destination', connection: 0 } as const;
    await wire.fault({ action: 'flip', at: 1, amount: 0, ...only }, signal);
    await wire.fault({ action: 'drop', at: 4, amount: 5, ...only }, signal);
    assert.equal(await answerOf(await send(stream)), 'got 8');
    assert.deepEqual(arrived.pop(), Buffer.from('QDVMmore'));
    assert.equal(wire.connections[0]?.toward.destination.droppedBytes, 5);

    await wire.fault({ action: 'delay', amount: 30, toward: 'destination' }, signal);
    await wire.fault({ action: 'stall', at: 4, toward: 'destination', connection: 1 }, signal);
    const answer = answerOf(await send(stream));
    const early = await Promise.race([answer, new Promise((done) => setTimeout(done, 100))]);
    assert.equal(early, undefined);
    assert.equal(wire.connections[1]?.toward.destination.takenBytes, 4);
    await wire.heal(signal);
    assert.equal(await answer, 'got 13');
  });
});

test('an order that no relay knows is refused', () => {
  const here = { host: '127.0.0.1', port: 0 };
  const relay = loadAddon().openRelay(here, here, false);
  const order = { connection: null, toSource: false, action: 'stall', at: 0, amount: 0 } as const;
  for (const wrong of [{ action: 'melt' }, { at: -1 }, { amount: 0.5 }, { connection: -1 }]) {
    assert.throws(() => {
      relay.order({ ...order, closesSender: false, ...wrong } as NativeFault);
    }, /a fault of a connection/);
  }
  relay.close();
  assert.equal(relay.isPending, false);
  assert.equal(relay.exhausted, null);
});

test('plain text where TLS should be, and pages that are not compressed, are no effect', async () => {
  await withLine('tls', async ({ wire, send }) => {
    await answerOf(await send(handshake));
    const tls = { wire: 'tls' } as const;
    requireEffects({ settings: tls, wire, ...rest });
    const compressed = { parameters: { 'multifd-compression': 'zlib' } };
    assert.throws(
      () => {
        requireEffects({ settings: compressed, wire, ...rest });
      },
      { code: 'no-effect', message: /multifd-compression/ },
    );
    requireEffects({ settings: compressed, wire, ...rest, stampedBytes: 1_000_000 });
    await answerOf(await send(stream));
    const two = { ...tls, capabilities: ['postcopy-preempt'] };
    assert.throws(
      () => {
        requireEffects({ settings: two, wire, ...rest });
      },
      { code: 'no-effect', message: /tls-creds/ },
    );
    assert.throws(
      () => {
        requireEffects({ settings: tls, wire, ...rest });
      },
      { code: 'no-effect', message: /has 2 connections, not 1/ },
    );
  });
});
