/** What tests and stress runs with postcopy preempt need of QEMU beside the capability. */
import type { Need } from '../model/features.js';

/**
 * 7.2 sends a page to the wrong ramblock when the last page of an iteration was a requested one
 * (docs/explanation/found-in-qemu.md). 8.0 was not tried.
 */
export const reliablePreempt: Need = {
  kind: 'behaviour',
  what: 'reliable postcopy-preempt',
  witness: 'switchover-ack',
  since: '8.1',
};
