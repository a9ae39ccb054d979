/**
 * After a migration the destination announces the guest's new place to the network: it sends RARP
 * packets for each network card, as often and at the intervals that the announce-* parameters set.
 * The test receives them on the netdev's UDP socket.
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { pause, pollUntil } from '../../../model/deadline.js';
import { contractError } from '../../../model/errors.js';
import { setParameters } from '../../../migration/commands.js';
import { soon } from '../../../migration/deadlines.js';
import type { TestContext } from '../../../migration/context.js';
import { precopy } from '../../../migration/flows/precopy.js';
import type { FlowResult } from '../../../migration/migration.js';

const card = '52:54:00:d0:07:e4';
const rounds = 3;
const announce = {
  'announce-initial': 20,
  'announce-max': 40,
  'announce-rounds': rounds,
  'announce-step': 10,
} as const;

/** of Ethernet frames: destination and source address, then the protocol */
const protocolAt = 12;
const reverseArp = 0x8035;

/** The UDP socket of the test, to which the netdev sends. */
class Wire implements AsyncDisposable {
  readonly frames: Buffer[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on('message', (frame) => this.frames.push(frame));
  }

  static async open(): Promise<Wire> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Wire(socket);
  }

  args(): string[] {
    const { port } = this.socket.address();
    return [
      ...[
        '-netdev',
        `dgram,id=cable,local.type=inet,local.host=127.0.0.1,local.port=0,${remote(port)}`,
      ],
      // its option ROM is not needed and may not be installed
      ...['-device', `e1000,netdev=cable,mac=${card},romfile=`],
    ];
  }

  /** announcements of the card so far */
  announcements(): number {
    const mac = card.replaceAll(':', '');
    return this.frames.filter(
      (frame) =>
        frame.readUInt16BE(protocolAt) === reverseArp &&
        frame.subarray(6, protocolAt).toString('hex') === mac,
    ).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }
}

const remote = (port: number): string =>
  `remote.type=inet,remote.host=127.0.0.1,remote.port=${port}`;

/** @param expected announcements at the destination */
export async function announceGuest(
  context: TestContext,
  expected: number = rounds,
): Promise<FlowResult> {
  await using before = await Wire.open();
  await using after = await Wire.open();
  return await precopy(context, {
    listen: 'tcp:127.0.0.1:0',
    live: true,
    sourceArgs: before.args(),
    destinationArgs: after.args(),
    startHook: async ({ source, destination }) => {
      await setParameters(source, announce);
      await setParameters(destination, announce);
    },
    endHook: async () => {
      await waitAnnouncements(context, after, expected);
      if (before.announcements() === 0) return;
      throw contractError(
        'announced-too-often',
        'the source announced the guest although it has left',
        {
          side: 'source',
          waitedFor: 'no announcement',
          lastSeen: `${before.announcements()} announcements`,
        },
      );
    },
  });
}

/** many times as long as the parameters say */
const mostMs = 5000;

/** Waits for all expected announcements; in the time of two more, no other may come. */
async function waitAnnouncements(
  { plan, signal }: TestContext,
  wire: Wire,
  expected: number,
): Promise<void> {
  await pollUntil(
    {
      waitedFor: `${expected} announcements of the guest's network card`,
      side: 'destination',
      ...{ timeoutMs: soon(mostMs, { plan }), everyMs: 5, signal },
    },
    () =>
      wire.announcements() < expected
        ? `${wire.announcements()} of them, ${wire.frames.length} packets in all`
        : undefined,
  );
  await pause(2 * announce['announce-max'], signal);
  if (wire.announcements() === expected) return;
  throw contractError(
    'announced-too-often',
    `the destination announced the guest ${wire.announcements()} times, not ${expected} times`,
    {
      side: 'destination',
      waitedFor: `${expected} announcements`,
      lastSeen: `${wire.announcements()} announcements`,
    },
  );
}
