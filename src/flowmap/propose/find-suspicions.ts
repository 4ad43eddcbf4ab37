import { edgeKey } from '../edge.ts';
import type { MapEdge } from '../flow-map.ts';
import type { Regularity } from '../lake.ts';
import type { Refusal } from './aim-of-edge.ts';
import { leastDays } from './fold-evidence.ts';

/** Before a service was seen on this many days, one day is no less than others: nothing is called rare in a first week. */
const daysBeforeRare = 7;
/** Rare is one day in ten or fewer: a weekly job is seen on one in seven, a monthly one on one in thirty. */
const rareShare = 0.1;
/** What a workload sends out in a day without anybody asking what it is: an API client stays below, an archive of a database does not. */
const ordinaryUploadBytesPerDay = 16 * 1024 * 1024;
/** Up to this many times what came back, an upload may still be a conversation; a log shipper or a copy of data is far past it. */
const ordinaryUploadRatio = 5;
/** A timer of one minute, and a retry, in a bucket of five minutes. With more connections a bucket is never empty, timer or not. */
const mostBeatsPerBucket = 6;
/** What beats more slowly is a job by its hour: whether it is rare or nightly says more. */
const slowestBeatMinutes = 360;
/** Deviation over mean of the gaps, at most: a timer with some jitter. */
const mostVariation = 0.2;

/** What suspicions are judged by, beside the edges themselves. */
export interface SuspicionContext {
  /** Days on which the service was seen. */
  readonly observedDays: number;
  /** Hours of the day (UTC, bit 0 midnight) that are night, and those in which the service was seen at all. */
  readonly nightHours: number;
  readonly serviceHours: number;
  /** Regularity by {@link edgeKey}. */
  readonly regularity: ReadonlyMap<string, Regularity>;
  /** Whether configuration states the endpoint of an edge; a tool's default is no statement. */
  isStated(map: MapEdge): boolean;
  /** Whether configuration that was ingested speaks of this service at all. */
  readonly isDescribed: boolean;
  /** How many services use the destination of an edge. */
  usersOf(map: MapEdge): number;
}

/**
 * What makes edges that one entry would cover worth a look before anybody allows them; empty for what can be proposed. What configuration
 * states is expected to be rare, nightly, regular or heavy.
 */
export function findSuspicions(maps: readonly MapEdge[], context: SuspicionContext): readonly Refusal[] {
  if (maps.every((map) => context.isStated(map))) return [];
  const found = [
    findRare(maps, context),
    findNight(maps, context),
    ...findOwn(maps, context),
    findUndeclared(maps, context),
  ];
  return found.filter((one) => one !== null);
}

/** The suspicions of an edge that no company of other names takes away: a heavy upload, a steady beat. */
export function findOwnSuspicions(map: MapEdge, context: SuspicionContext): readonly Refusal[] {
  if (context.isStated(map)) return [];
  return findOwn([map], context).filter((one) => one !== null);
}

function findOwn(maps: readonly MapEdge[], context: SuspicionContext): readonly (Refusal | null)[] {
  return maps.flatMap((map) => [findUpload(map), findBeat(map, context)]);
}

function findRare(maps: readonly MapEdge[], { observedDays }: SuspicionContext): Refusal | null {
  if (observedDays < daysBeforeRare) return null;
  const days = leastDays(maps);
  const detail = `${days} of ${observedDays} days`;
  if (days <= 1) return { reason: 'one_off', detail };
  return days <= observedDays * rareShare ? { reason: 'rare', detail } : null;
}

function findNight(maps: readonly MapEdge[], { nightHours, serviceHours }: SuspicionContext): Refusal | null {
  const hours = maps.reduce((mask, { edge }) => mask | edge.hours, 0);
  const isNight = hours !== 0 && (hours & ~nightHours) === 0;
  // A service that works at night only is a nightly job, and all of it is nightly.
  return isNight && (serviceHours & ~nightHours) !== 0 ? { reason: 'night_only', detail: hoursText(hours) } : null;
}

function hoursText(mask: number): string {
  const hours = Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => (mask & (1 << hour)) !== 0);
  return `in hours ${hours.join(' ')} UTC`;
}

// Bytes that no record told are not judged; an answer that no record told counts as none.
function findUpload({ edge }: MapEdge): Refusal | null {
  if (edge.bytesUp === null) return null;
  const perDay = edge.bytesUp / Math.max(1, edge.days);
  const isHigh = perDay >= ordinaryUploadBytesPerDay && edge.bytesUp >= (edge.bytesDown ?? 0) * ordinaryUploadRatio;
  return isHigh ? { reason: 'high_upload', detail: `${Math.round(perDay / 1024 / 1024)} MiB a day` } : null;
}

/**
 * Steady gaps of five-minute buckets. Busy traffic fills every bucket and looks as steady, so what is compared is what arrivals at random
 * would show at this rate (Poisson: a bucket is empty with probability e^-rate, and the gaps vary by the root of that): half of it or less.
 */
function findBeat({ edge }: MapEdge, { regularity }: SuspicionContext): Refusal | null {
  const found = regularity.get(edgeKey(edge));
  if (found === undefined || found.meanMinutes <= 0 || found.meanMinutes > slowestBeatMinutes) return null;
  const perBucket = edge.connections / (found.gaps + 1);
  if (perBucket > mostBeatsPerBucket) return null;
  const variation = found.deviationMinutes / found.meanMinutes;
  const atRandom = Math.sqrt(Math.exp(-perBucket));
  const isSteady = variation <= Math.min(mostVariation, atRandom / 2);
  return isSteady
    ? { reason: 'beacon_regular', detail: `every ${Math.round(found.meanMinutes)} minutes, ${found.gaps} times` }
    : null;
}

function findUndeclared(maps: readonly MapEdge[], context: SuspicionContext): Refusal | null {
  if (!context.isDescribed || maps.some(({ declaredAt }) => declaredAt !== null && declaredAt.length > 0)) return null;
  if (maps.some(({ edge }) => !edge.isName) || maps.some((map) => context.usersOf(map) > 1)) return null;
  return { reason: 'undeclared_alone', detail: null };
}
