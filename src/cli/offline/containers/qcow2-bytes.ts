/** The bytes of a qcow2 image, read with bounds checked, and the errors that name the image. */
import { readSync } from 'node:fs';
import { HarnessError } from '../../../model/errors.js';
import { counted } from '../../../model/text/format.js';
import { sizeOf } from './temporary-file.js';

export class Qcow2Bytes {
  readonly size: number;

  constructor(
    readonly fd: number,
    readonly label: string,
  ) {
    this.size = sizeOf(fd);
  }

  number(buffer: Buffer, at: number, what: string): number {
    const value = buffer.readBigUInt64BE(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.broken(`${what} is ${value}`);
    return Number(value);
  }

  read(offset: number, bytes: number, what: string): Buffer {
    if (offset < 0 || offset + bytes > this.size) {
      throw this.broken(
        `${what}, ${counted(bytes, 'byte')} at offset ${offset}, ends outside the file`,
      );
    }
    const buffer = Buffer.alloc(bytes);
    for (let done = 0; done < bytes;) {
      const got = readSync(this.fd, buffer, done, bytes - done, offset + done);
      if (got === 0) throw this.broken(`the file was cut short while it was read`);
      done += got;
    }
    return buffer;
  }

  broken(why: string, details: readonly string[] = []): HarnessError {
    return new HarnessError({
      code: 'image-broken',
      blame: 'contract',
      message: `${this.label}, a qcow2 image, is damaged: ${why}`,
      details,
    });
  }

  unsupported(what: string): HarnessError {
    return new HarnessError({
      code: 'image-unsupported',
      blame: 'usage',
      message: `${this.label}: a qcow2 image with ${what}, which Drover does not read`,
    });
  }
}
