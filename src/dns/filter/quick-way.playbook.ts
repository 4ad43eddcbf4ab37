import { addressOf } from '../../../test/support/policy-fixture.ts';
import { ok } from '../../base/index.ts';
import { silentObserver } from '../../enforcement/index.ts';
import { identify } from '../../identity/index.ts';
import {
  type CompiledPolicy,
  type DecisionFacts,
  type DecisionRecord,
  decide,
  type NetworkFacts,
  queryTypes,
  screenAddresses,
} from '../../policy/index.ts';
import type { DnsMessage } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import { createLookup, type Lookup } from '../lookup/create-lookup.ts';
import type { RpzIndex } from '../rpz/open-rpz.ts';
import { createFilter, type DnsFilter } from './create-filter.ts';

/** What both filters of a test live by. */
export interface World {
  nowMs: number;
  policy: CompiledPolicy | null;
  facts: DecisionFacts;
  zones: RpzIndex;
  isKeeping: boolean;
  network: NetworkFacts;
  /** By `name type`; what is not there nobody answers. */
  readonly answers: Map<string, DnsMessage>;
}

/** A filter on a world, with what it asked, judged and recorded. */
export interface FilterOnWorld {
  readonly filter: DnsFilter;
  readonly records: DecisionRecord[];
  readonly asked: string[];
  judged: number;
  /** Replies that stood ready: the query was not read, which shows in that one of the ways was gone. */
  ready: number;
  /** The reply to a query, null for none. */
  answer(query: Uint8Array, client: DnsClient): Promise<Uint8Array | null>;
}

/** Makes one. `isLong`: every question goes the long way, since no answer has a place that could be known. */
export function filterOn(world: World, options: { readonly isLong: boolean; readonly sample: number }): FilterOnWorld {
  const clock = { now: () => world.nowMs };
  const made: Omit<FilterOnWorld, 'filter' | 'answer'> = { records: [], asked: [], judged: 0, ready: 0 };
  let ids = 0;
  let ways = 0;
  const lookup = createLookup({
    clock,
    upstream: {
      ask: async ({ name, type }) => {
        made.asked.push(`${name} ${type}`);
        const message = world.answers.get(`${name} ${type}`);
        return message === undefined
          ? { ok: false, fault: { code: 'resolver_failed', message: 'nobody answers' } }
          : ok({ message, server: '192.0.2.53' });
      },
    },
    hosts: new Map([['printer.example.com', [addressOf('203.0.113.80')]]]),
    zones: { answer: () => null },
    chainOf: ({ answers }, name) =>
      ok({ links: [...new Set(answers.map((one) => one.name))].filter((one) => one !== name) }),
    // Small, so that answers are forgotten as well.
    maxBytes: 12_000,
    staleForMs: 86_400_000,
  });
  const filter = createFilter({
    clock,
    newId: () => `01DNS${String(ids++).padStart(21, '0')}`,
    policy: {
      current: () => world.policy,
      facts: () => world.facts,
      network: () => world.network,
    },
    judge: {
      identify,
      decide: (policy, request) => {
        made.judged += 1;
        return decide(policy, request);
      },
      screen: screenAddresses,
    },
    verifier: { generation: 0, verify: () => ({ kind: 'failed', why: 'unknown' }), stillHolds: () => false },
    lookup: options.isLong ? withoutPlaces(lookup) : lookup,
    zones: () => world.zones,
    records: {
      // Each way looks here first.
      get isKeeping() {
        ways += 1;
        return world.isKeeping;
      },
      write: (record) => made.records.push(record) > 0,
    },
    observer: silentObserver,
    answerSink: { confirm: async () => true },
    queryTypes,
    settings: {
      ...{ denial: 'nxdomain', denialTtlSeconds: 30, sample: options.sample, onFull: 'block' },
      searchDomains: ['svc.cluster.local'],
    },
  });
  const into = new Uint8Array(65_535);
  const answer = async (query: Uint8Array, client: DnsClient): Promise<Uint8Array | null> => {
    into.fill(0xee);
    ways = 0;
    const given = filter.answer(query, client, into);
    if (ways === 1 && ((into[3] ?? 0) & 0xf) === 0) made.ready += 1;
    return typeof given === 'number' ? (given === 0 ? null : into.slice(0, given)) : await given;
  };
  return Object.assign(made, { filter, answer });
}

function withoutPlaces(lookup: Lookup): Lookup {
  return {
    ...lookup,
    atHand: (...asked) => {
      const found = lookup.atHand(...asked);
      return found === null ? null : { ...found, place: null };
    },
    ask: async (...asked) => {
      const found = await lookup.ask(...asked);
      return found.ok ? ok({ ...found.value, answer: { ...found.value.answer, place: null } }) : found;
    },
  };
}
