import { type Fault, fault } from '../../base/index.ts';

/** Below this, a list may change as it likes. */
const smallZoneRecords = 1000;
const mostGrowth = 5;

/**
 * Why a new version of a zone is not believed: it has less than half or more than five times the records. A primary that lost its data would
 * open what the list closes, and a list that explodes would close everything. Null for a fine one and for small zones.
 */
export function findGrowthFault(before: number, after: number): Fault | null {
  if (before < smallZoneRecords) return null;
  if (after * 2 < before) return fault('zone_shrank', `the zone has ${after} records after ${before}, less than half`);
  if (after <= before * mostGrowth) return null;
  return fault('zone_grew', `the zone has ${after} records after ${before}, more than ${mostGrowth} times`);
}
