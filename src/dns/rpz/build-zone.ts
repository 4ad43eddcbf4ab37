import { setImmediate } from 'node:timers/promises';
import type { DnsRecord } from '../../wire/index.ts';
import { type RpzZone, RpzZoneBuilder } from './rpz-zone.ts';

/** Steps between two turns of the event loop: about a millisecond of work, which answers may wait. */
const stepsPerTurn = 250;

/** Goes through many things without holding up answers for longer than about a millisecond at a time. Stops when told. */
export async function goThrough<T>(things: Iterable<T>, take: (thing: T) => void, signal: AbortSignal): Promise<void> {
  let steps = 0;
  for (const thing of things) {
    take(thing);
    steps += 1;
    if (steps % stepsPerTurn === 0) await setImmediate();
    if (signal.aborted) return;
  }
}

/** Makes a policy zone of its SOA and `count` other records, in turns. Null when stopped or without a SOA. */
export async function buildZone(
  soa: DnsRecord,
  { records, count }: { readonly records: Iterable<DnsRecord>; readonly count: number },
  signal: AbortSignal,
): Promise<RpzZone | null> {
  const builder = new RpzZoneBuilder(soa.name, count);
  builder.add(soa);
  await goThrough(records, (record) => builder.add(record), signal);
  return signal.aborted ? null : builder.finish();
}
