/** Turns errors of the addon into `HarnessError`s that say which memory was meant. */
import { HarnessError, type Blame } from '../model/errors.js';
import type { NativeError } from '../native/task.js';
import { hex } from '../model/text/format.js';

interface Kind {
  readonly code: string;
  readonly blame: Blame;
  readonly hint?: string;
}

const byErrno: Readonly<Record<string, Kind>> = {
  EPERM: {
    code: 'process-memory-denied',
    blame: 'host',
    hint: "this host's ptrace policy or container settings forbid reading another process's memory",
  },
  ESRCH: { code: 'process-gone', blame: 'contract', hint: 'the process has ended' },
};

const byCode: Readonly<Record<NativeError['code'], Kind>> = {
  cancelled: { code: 'cancelled', blame: 'host' },
  'timed-out': { code: 'timed-out', blame: 'host' },
  'bad-argument': { code: 'ram-range', blame: 'host' },
  'out-of-range': { code: 'ram-range', blame: 'host' },
  'too-small': {
    code: 'ram-too-small',
    blame: 'host',
    hint: 'the file is shorter than the guest memory it should hold',
  },
  'bad-data': { code: 'ram-unreadable', blame: 'host' },
  'out-of-memory': { code: 'out-of-memory', blame: 'host' },
  system: { code: 'ram-unreadable', blame: 'host' },
};

export function isNative(error: unknown): error is NativeError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code in byCode
  );
}

function kindOf(error: NativeError): Kind {
  const special = error.syscall === 'process_vm_readv' ? byErrno[error.errno ?? ''] : undefined;
  return special ?? byCode[error.code];
}

/** `source` as in `GuestRam.source`. Returns any other error unchanged. */
export function toRamError(error: unknown, source: string): unknown {
  if (!isNative(error)) return error;
  const { code, blame, hint } = kindOf(error);
  const at = error.address === undefined ? '' : ` at ${hex(error.address)}`;
  const why = hint === undefined ? error.message : `${hint} (${error.message})`;
  return new HarnessError({
    code,
    blame,
    message: `cannot read guest memory${at} from ${source}: ${why}`,
    cause: error,
  });
}
