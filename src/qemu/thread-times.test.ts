import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadTimes, classOfThread } from './thread-times.js';

test('threads are known by the names that QEMU 7.2 and those from 9.1 on give them', () => {
  const names: readonly (readonly [string, string])[] = [
    ['CPU 0/TCG', 'vCPU'],
    ['CPU 11/KVM', 'vCPU'],
    ['ALL CPUs/TCG', 'vCPU'],
    ['live_migration', 'migration'],
    ['mig/src/main', 'migration'],
    ['multifdsend_0', 'multifd send'],
    ['mig/src/send_12', 'multifd send'],
    ['multifdrecv_3', 'multifd receive'],
    ['mig/dst/recv_3', 'multifd receive'],
    ['return path', 'return path'],
    ['mig/src/return', 'return path'],
    ['postcopy/listen', 'postcopy listen'],
    ['mig/dst/listen', 'postcopy listen'],
    ['fault-default', 'postcopy fault'],
    ['mig/dst/preempt', 'postcopy fault'],
    ['call_rcu', 'other'],
    ['qemu-system-x86', 'other'],
  ];
  for (const [name, threads] of names) assert.equal(classOfThread(name, false), threads, name);
  assert.equal(classOfThread('ld-linux-x86-64', true), 'main');
});

test('time counts from the start, for the thread of this process, and not of one that is gone', () => {
  const times = new ThreadTimes(process.pid);
  assert.equal(times.ms.size, 0);
  const untilMs = performance.now() + 30;
  while (performance.now() < untilMs);
  times.look();
  const usedMs = times.ms.get('main') ?? 0;
  assert.ok(usedMs > 0 && usedMs < 5000, String(usedMs));
  const gone = new ThreadTimes(2 ** 22 + 1);
  gone.look();
  assert.equal(gone.ms.size, 0);
});
