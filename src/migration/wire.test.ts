/** What is passed on arrives, and what it was is known. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { requireEffects } from './effects.js';
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
    assert.deepEqual(wire.connections, [
      { isTls: false, sentBytes: 13 },
      { isTls: true, sentBytes: 200_003 },
    ]);
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
