/**
 * How V8 is to work in this process and its threads. To be imported before anything else.
 *
 * A run is short and does a little of many things. V8's optimising compiler, left alone, takes a tenth of Drover's
 * processor time, on threads of its own, for functions that have been called a few hundred times; what it makes is hardly
 * used any more. So, up to Node.js 20, a function has to work thirty times as long before it is worth that: a loop over a
 * big event log is. Nor is a worker that waits for QEMU to be taken for one that may as well look for memory to free.
 *
 * V8 says on standard error which flags it does not know: each is set only where a release of Node.js was seen to know it.
 */
import { setFlagsFromString } from 'node:v8';

const release = Number.parseInt(process.versions.node, 10);
if (release < 22) setFlagsFromString('--interrupt-budget=2000000');
if (release <= 26) setFlagsFromString('--no-memory-reducer');
