import type { Clock, NewId } from '../../base/index.ts';
import type { IpAddress } from '../../destination/index.ts';
import type { AnswerSink, Judge, ProxyObserver, RecordSink } from '../../enforcement/index.ts';
import type { ProofVerifier } from '../../identity/index.ts';
import type {
  AnswerScreen,
  CompiledPolicy,
  DecisionFacts,
  DecisionRequest,
  NetworkFacts,
  QueryType,
  Verdict,
} from '../../policy/index.ts';
import type { Lookup } from '../lookup/create-lookup.ts';
import type { RpzIndex } from '../rpz/open-rpz.ts';

/** The questions that a filter asks, as pure functions of `identity` and `policy`. A throw of any of them is a deny. */
export interface QueryJudge extends Pick<Judge, 'identify' | 'decide'> {
  screen(
    policy: CompiledPolicy,
    request: DecisionRequest,
    verdict: Verdict,
    answer: { readonly addresses: readonly IpAddress[]; readonly network: NetworkFacts },
  ): AnswerScreen;
}

/** How a denied query is answered. `sinkhole`: with these addresses, and with nothing where none is of the family. */
export type Denial = 'nxdomain' | 'nodata' | 'refused' | { readonly sinkhole: readonly IpAddress[] };

/** The settings of a filter. */
export interface FilterSettings {
  readonly denial: Denial;
  /** For how long clients keep a denial, in seconds: an exception bites after that. */
  readonly denialTtlSeconds: number;
  /** The share of allowed queries that is recorded, from 0 to 1. Denied ones always are. */
  readonly sample: number;
  /** Once records cannot be kept: everything is denied, what only a grant justifies is, or nothing is (DESIGN 5.7). */
  readonly onFull: 'auto' | 'block' | 'count';
  /** Suffixes that resolvers of clients try on every name: what no rule covers below them is answered and is no denial. */
  readonly searchDomains: readonly string[];
}

/** What a filter is made of. */
export interface FilterOptions {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly policy: {
    current(): CompiledPolicy | null;
    facts(): DecisionFacts;
    /** The same object as long as nothing changed. */
    network(): NetworkFacts;
  };
  readonly judge: QueryJudge;
  readonly verifier: ProofVerifier;
  readonly lookup: Lookup;
  /** Response policy zones as they are now; asked anew for every query. */
  readonly zones: () => RpzIndex;
  readonly records: RecordSink;
  readonly observer: Pick<ProxyObserver, 'failed' | 'recordLost'>;
  /** Learns addresses before the reply leaves; null where nothing does. */
  readonly answerSink: AnswerSink | null;
  /** The policy's query types in the order of their bits. */
  readonly queryTypes: readonly QueryType[];
  readonly settings: FilterSettings;
}
