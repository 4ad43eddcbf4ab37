import type { Coverage } from '../coverage.ts';

/** What to do next for a service: a command to copy, or lines to add to a file, and why that. */
export interface NextStep {
  readonly why: string;
  readonly command: string;
}

/** One part of a score: how much of it there is (0 to 1), how many points it can give, and what was seen. */
export interface ScorePart {
  readonly value: number;
  readonly weight: number;
  readonly says: string;
}

/** Where a service stands in the order of work. */
export interface RankedService {
  readonly service: string;
  readonly owner: string | null;
  readonly kind: string | null;
  readonly environment: string | null;
  /** 0 to 100: the sum of value × weight. */
  readonly score: number;
  readonly production: ScorePart;
  readonly bytesOut: ScorePart;
  readonly privileged: ScorePart;
  readonly unnamed: ScorePart;
  readonly connections: number;
  readonly bytesUp: number | null;
  /** What to type next; null past the first five. */
  readonly next: NextStep | null;
}

/** Services in the order in which to work on them, with what the order rests on. */
export interface ServiceRanking {
  readonly services: readonly RankedService[];
  readonly coverage: Coverage;
  readonly policyVersion: string | null;
  readonly noPolicy: string | null;
}

/** Where the files of the configuration are, for commands that people can copy. */
export interface RankPlaces {
  readonly policy: string;
  readonly inventory: string | null;
}
