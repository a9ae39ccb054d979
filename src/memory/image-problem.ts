/** Why files cannot be read as what they seem to be, as an error. */
import { HarnessError, contractError } from '../model/errors.js';
import type { ImageFormat, NativeOpened } from '../native/image-addon.js';
import { hex } from '../model/text/format.js';

export const formatNames: Readonly<Record<ImageFormat, string>> = {
  raw: 'raw memory',
  elf: 'an ELF dump',
  kdump: 'a kdump-compressed dump',
  'win-dmp': 'a Windows crash dump',
  lime: 'a LiME file',
  stream: 'a migration stream',
};

/** `image-unsupported` is a file of no format that Drover reads, `image-broken` a damaged one. */
export function problemOf(
  files: readonly string[],
  { format, problem }: Pick<NativeOpened, 'format' | 'problem'>,
  salvage: boolean,
): HarnessError {
  const { reason, input, offset } = problem ?? { reason: 'no reason given', input: 0, offset: 0 };
  const file = files[input] ?? files.join(', ');
  if (problem?.kind === 'unsupported') {
    return new HarnessError({
      code: 'image-unsupported',
      blame: 'usage',
      message: `${file}: ${reason}`,
    });
  }
  return contractError(
    'image-broken',
    `${file}, read as ${formatNames[format]}, is damaged at offset ${offset} (${hex(offset)}): ${reason}`,
    {
      details:
        offset === 0 || salvage || format !== 'stream'
          ? []
          : ['--salvage uses the part before that offset'],
    },
  );
}
