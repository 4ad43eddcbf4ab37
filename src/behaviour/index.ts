export {
  createFirstSeen,
  type FirstSeen,
  type FirstSeenCounts,
  type FirstSeenOptions,
  lineOf,
  type Sighting,
  type SightingOutcome,
} from './first-seen.ts';
