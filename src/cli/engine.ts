/**
 * How V8 is to work in this process and its threads. To be imported before anything else.
 *
 * A run is short and does a little of many things. V8's optimising compiler, left alone, takes a tenth of Drover's
 * processor time, on threads of its own, for functions that have been called a few hundred times; what it makes is hardly
 * used any more. So a function has to work thirty times as long before it is worth that: a loop over a big event log is.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--interrupt-budget=2000000');
