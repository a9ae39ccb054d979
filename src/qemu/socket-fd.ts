/**
 * The descriptor number beneath a Node stream socket. Node has no public way to pass descriptors
 * (SCM_RIGHTS), so the addon sends on the number; the number itself is only on the stream's handle.
 */
import type { Socket } from 'node:net';
import { HarnessError } from '../model/errors.js';
import { asNumber, asObject } from '../model/json.js';

export function socketFd(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd = asNumber(asObject(handle)['fd']);
  if (fd === undefined || fd < 0) {
    throw new HarnessError({
      code: 'no-socket-descriptor',
      blame: 'host',
      message: 'the connection is closed, or this Node.js does not expose its descriptor',
    });
  }
  return fd;
}
