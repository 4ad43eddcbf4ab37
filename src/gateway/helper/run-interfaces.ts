import { readFileSync } from 'node:fs';
import { mostRunLinks, runInterface } from '../kernel/kernel-names.ts';

const ours: ReadonlySet<string> = new Set(Array.from({ length: mostRunLinks }, (_, index) => runInterface(index)));

/** The interfaces to runs that are there. The kernel is asked each time: nothing else says so after a helper was killed. */
export function runInterfaces(): readonly string[] {
  // Not /sys/class/net: in a network namespace that may still be the one of the machine.
  const listed = readFileSync('/proc/self/net/dev', 'latin1').matchAll(/^ *([^\s:|]+):/gm);
  return [...listed].map(([, name = '']) => name).filter((name) => ours.has(name));
}
