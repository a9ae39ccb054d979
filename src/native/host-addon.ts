/**
 * What the addon does with this host: descriptors, processes, probes; declared in
 * native/addon/host.cc.
 */
import type { NativeTask } from './task.js';

export interface UserfaultfdProbe {
  readonly available: boolean;
  /** empty when available */
  readonly reason: string;
  readonly threadId: boolean;
}

export interface KvmProbe {
  readonly available: boolean;
  /** empty when available */
  readonly reason: string;
  /** the largest dirty ring, in bytes; 0 for none */
  readonly dirtyRingBytes: number;
  /** it makes guest_memfd files */
  readonly guestMemfd: boolean;
  /** and such as are shared with their maker from the beginning */
  readonly guestMemfdShared: boolean;
}

export interface DirectIoProbe {
  readonly available: boolean;
  /** empty when available */
  readonly reason: string;
}

export type WaitPidResult =
  | { readonly state: 'exited'; readonly code: number }
  | { readonly state: 'signalled'; readonly signal: number }
  | { readonly state: 'running' }
  /** no such process, or not a child of ours, or reaped already */
  | { readonly state: 'not-a-child' };

/** When a guest wrote to a device; a thread of its own reads the FIFO that QEMU writes to. */
export interface NativePulses {
  /** milliseconds since 1970, ascending; the last half million of them */
  times(): Float64Array;
  /** Removes the FIFO; repeatable. */
  close(): void;
}

export interface NativeHostAddon {
  /** Makes the FIFO. */
  openPulses(path: string): NativePulses;
  /**
   * One message on a UNIX socket, carrying descriptors with its first byte. All descriptors are
   * duplicated at the call. The caller sees to it that nothing else writes to the socket meanwhile.
   */
  sendFds(
    socketFd: number,
    data: Uint8Array,
    fds: readonly number[],
    timeoutMs: number,
  ): NativeTask<void>;
  /** a connected UNIX stream pair, close-on-exec */
  socketPair(): [number, number];
  /** anonymous shared memory, close-on-exec, sealed against shrinking */
  memfdCreate(name: string, sizeBytes: number): number;
  /** closes a descriptor that `socketPair` or `memfdCreate` gave */
  closeFd(fd: number): void;
  /**
   * Starts a program (`words[0]`, a path) in a session of its own, without copying this process as
   * Node does. Its descriptor i is a copy of `descriptors[i]`. Only `waitPid` waits for it.
   * @returns its process id
   */
  spawn(
    words: readonly string[],
    environment: readonly string[],
    directory: string,
    descriptors: readonly number[],
  ): number;
  /**
   * Waits for the end of a child, and reaps it. From any thread; Node must not be waiting for it.
   */
  waitPid(pid: number, timeoutMs: number): NativeTask<WaitPidResult>;

  probeUserfaultfd(): NativeTask<UserfaultfdProbe>;
  probeKvm(): NativeTask<KvmProbe>;
  probeDirectIo(directory: string): NativeTask<DirectIoProbe>;
}
