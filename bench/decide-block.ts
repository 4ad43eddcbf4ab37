import type { DecisionRequest } from '../src/policy/index.ts';
import { benchRequests, type PolicySize } from './decide-policy.ts';

/** A block is 20 rounds of one side: 10,000 decisions. */
const roundsPerBlock = 20;
/** Questions are made just before they are asked, as a point has just parsed them: fresh in the cache, their answers are not. */
const requestsPerRound = 500;

/** What a block came to: the mean time of a decision, and how many were allowed. */
export interface TimedBlock {
  readonly microseconds: number;
  readonly allowed: number;
}

/** Asks the questions of a block; making them is not in the time. */
export function timeBlock(size: PolicySize, block: number, ask: (request: DecisionRequest) => boolean): TimedBlock {
  let microseconds = 0;
  let allowed = 0;
  for (let round = 0; round < roundsPerBlock; round++) {
    const requests = benchRequests(size, requestsPerRound, block * roundsPerBlock + round + 1);
    const started = performance.now();
    for (const request of requests) if (ask(request)) allowed += 1;
    microseconds += ((performance.now() - started) * 1000) / (requests.length * roundsPerBlock);
  }
  return { microseconds, allowed };
}
