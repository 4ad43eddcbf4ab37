import assert from 'node:assert/strict';
import { linesOf, type RpzZone, RpzZoneBuilder, readZoneRecords } from '../../src/dns/index.ts';

/** A response policy zone of lines in the master file format; head and name server are added. */
export function rpzOf(origin: string, ...lines: readonly string[]): RpzZone {
  const builder = new RpzZoneBuilder(origin);
  const text = ['$TTL 30', '@ SOA . . 1 2 3 4 5', '@ NS localhost.', ...lines].join('\n');
  const read = readZoneRecords(linesOf(text), { origin, path: 'rpz', onRecord: (record) => builder.add(record) });
  assert.ok(read.ok, read.ok ? '' : read.fault.message);
  const zone = builder.finish();
  assert.ok(zone !== null);
  return zone;
}
