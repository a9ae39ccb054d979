/** What `drover devices` was asked for. */

export interface DevicesOptions {
  readonly qemu?: string;
  readonly qemuSrc?: string;
  readonly qemuDst?: string;
  readonly machine?: string;
  readonly cache: boolean;
  readonly match?: string;
  readonly every: number;
  readonly list?: boolean;
  readonly jobs?: number;
  readonly timeout: number;
  readonly json?: string;
  readonly html?: string;
  readonly baseline?: string;
}
