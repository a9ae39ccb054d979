/**
 * Sets V8 flags for this process and its threads. Import it before anything else.
 *
 * A run is short, and calls many functions a few hundred times. By default V8's optimising compiler
 * then takes a tenth of Drover's processor time, for code that hardly runs again. Up to Node.js 20
 * a function therefore has to run thirty times as long before V8 optimises it; a loop over a large
 * event log still does. The memory reducer would collect garbage in workers that only wait for
 * QEMU.
 *
 * V8 prints unknown flags on standard error, so each is set only for releases of Node.js that are
 * known to have it.
 */
import { setFlagsFromString } from 'node:v8';

const release = Number.parseInt(process.versions.node, 10);
if (release < 22) setFlagsFromString('--interrupt-budget=2000000');
if (release <= 26) setFlagsFromString('--no-memory-reducer');
