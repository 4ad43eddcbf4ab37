export {
  type ByteBudget,
  type ByteBudgetParts,
  type BytesByDirection,
  createByteBudget,
  type Direction,
} from './byte-budget.ts';
export {
  createFirstSeen,
  type FirstSeen,
  type FirstSeenCounts,
  type FirstSeenOptions,
  lineOf,
  type Sighting,
  type SightingOutcome,
} from './first-seen.ts';
