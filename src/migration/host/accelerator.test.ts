import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lackOfGuestMemfd } from './accelerator.js';

test('each piece that guest_memfd needs has its own reason', () => {
  const kvm = { available: true, reason: '', dirtyRingBytes: 0 };
  const all = { ...kvm, guestMemfd: true, guestMemfdShared: true };
  assert.equal(lackOfGuestMemfd(all), undefined);
  assert.match(lackOfGuestMemfd({ ...all, guestMemfdShared: false }) ?? '', /GUEST_MEMFD_FLAGS/);
  const none = { ...all, guestMemfd: false, guestMemfdShared: false };
  assert.match(lackOfGuestMemfd(none) ?? '', /no guest_memfd/);
  const noKvm = { ...none, available: false, reason: '/dev/kvm: No such file or directory' };
  assert.equal(lackOfGuestMemfd(noKvm), '/dev/kvm: No such file or directory');
});
