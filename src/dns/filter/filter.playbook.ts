import assert from 'node:assert/strict';
import { decode, encode, type PacketOpt, RECURSION_DESIRED } from 'dns-packet';
import { addressOf, identityNode, policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import { nowForTest } from '../../../test/support/request-fixture.ts';
import { ok } from '../../base/index.ts';
import { silentObserver } from '../../enforcement/index.ts';
import { identify } from '../../identity/index.ts';
import {
  type CompiledPolicy,
  type DecisionFacts,
  type DecisionRecord,
  decide,
  noFacts,
  queryTypes,
  screenAddresses,
  type VerdictRecord,
} from '../../policy/index.ts';
import { bareMessage, type DnsMessage, type DnsRecord, typeNumber, writeName } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import { addressData } from '../lookup/address-data.ts';
import { createLookup } from '../lookup/create-lookup.ts';
import { openRpz, type RpzIndex } from '../rpz/open-rpz.ts';
import { createFilter, type DnsFilter } from './create-filter.ts';
import type { FilterSettings } from './filter-options.ts';

/** The service of the clients in 10.20.0.0/24. */
export const payments: ReturnType<typeof serviceNode> = serviceNode('payments-api', {
  identities: [identityNode('source:10.20.0.0/24')],
  allow: [
    ruleNode('bank.example.com:443'),
    ruleNode('mail.example.com:25', { queries: ['TXT'] }),
    ruleNode('*.cdn.example.com:443'),
    ruleNode('tcp://db.example.com:5432'),
  ],
  deny: [ruleNode('evil.example.net:*')],
});

const network = { ownAddresses: [addressOf('192.0.2.1')], localOrigins: [] };
const usual: FilterSettings = {
  denial: 'nxdomain',
  denialTtlSeconds: 30,
  sample: 1,
  onFull: 'auto',
  searchDomains: ['svc.cluster.local'],
};

/** What a filter under test lives by; a test changes it before it asks. */
export interface FilterBed {
  nowMs: number;
  policy: CompiledPolicy | null;
  facts: DecisionFacts;
  zones: RpzIndex;
  readonly records: DecisionRecord[];
  /** What upstreams were asked, as `name TYPE`. */
  readonly asked: string[];
  readonly answers: Map<string, DnsMessage | null>;
  readonly flows: string[];
  readonly confirmed: { readonly name: string; readonly addresses: readonly string[] }[];
  isConfirming: boolean | 'never';
  isKeeping: boolean;
  filter: DnsFilter;
}

/** The bed of the running test. */
export const bed: FilterBed = { ...freshBed(), filter: make() };

/** Makes the bed anew: `payments-api` of 10.20.0.0/24 with its rules, two names that upstreams know, no grants and no zones. */
export function resetBed(): void {
  Object.assign(bed, freshBed(), { filter: make() });
}

function freshBed(): Omit<FilterBed, 'filter'> {
  return {
    nowMs: nowForTest,
    policy: policyOf([payments]),
    facts: noFacts,
    zones: openRpz([]),
    records: [],
    asked: [],
    flows: [],
    confirmed: [],
    isConfirming: true,
    isKeeping: true,
    answers: new Map([
      ['bank.example.com A', answerOf('bank.example.com', 'A', a('bank.example.com', '203.0.113.7'))],
      ['db.example.com A', answerOf('db.example.com', 'A', a('db.example.com', '203.0.113.8'))],
    ]),
  };
}

/** A filter on the bed with other settings than the usual ones: `make({ denial: 'nodata' })`. */
export function make(settings: Partial<FilterSettings> = {}): DnsFilter {
  const clock = { now: () => bed.nowMs };
  let ids = 0;
  return createFilter({
    clock,
    newId: () => `01DNS${String(ids++).padStart(21, '0')}`,
    policy: {
      current: () => bed.policy,
      facts: () => bed.facts,
      network: () => network,
    },
    judge: { identify, decide, screen: screenAddresses },
    verifier: { generation: 0, verify: () => ({ kind: 'failed', why: 'unknown' }), stillHolds: () => false },
    lookup: createLookup({
      clock,
      upstream: {
        ask: async ({ name, type }) => {
          bed.asked.push(`${name} ${typeText(type)}`);
          const message = bed.answers.get(`${name} ${typeText(type)}`);
          if (message === null || message === undefined)
            return { ok: false, fault: { code: 'resolver_failed', message: 'nobody answers' } };
          return ok({ message, server: '192.0.2.53' });
        },
      },
      hosts: new Map(),
      zones: { answer: () => null },
      chainOf: (message, name) => ok({ links: aliasesOf(message, name) }),
      maxBytes: 1_000_000,
      staleForMs: 86_400_000,
    }),
    zones: () => bed.zones,
    records: {
      get isKeeping() {
        return bed.isKeeping;
      },
      write: (record) => bed.records.push(record) > 0,
    },
    observer: silentObserver,
    answerSink: {
      confirm: async ({ name, addresses, flow }) => {
        bed.confirmed.push({ name, addresses: addresses.map(({ text }) => text) });
        bed.flows.push(flow());
        return bed.isConfirming === 'never' ? new Promise<boolean>(() => undefined) : bed.isConfirming;
      },
    },
    queryTypes,
    settings: { ...usual, ...settings },
  });
}

function typeText(type: number): string {
  return ['A', 'AAAA', 'TXT', 'HTTPS', 'CNAME', 'PTR'].find((text) => typeNumber(text) === type) ?? String(type);
}

/** An A or AAAA record, by the look of the address. */
export function a(name: string, address: string, ttl = 300): DnsRecord {
  const parsed = addressOf(address);
  const type = typeNumber(parsed.family === 4 ? 'A' : 'AAAA') ?? 0;
  return { name, type, class: 1, ttl, data: addressData(parsed) };
}

/** An alias. */
export function cname(name: string, target: string): DnsRecord {
  return { name, type: typeNumber('CNAME') ?? 0, class: 1, ttl: 300, data: writeName(target) ?? new Uint8Array() };
}

/** A response of an upstream server. */
export function answerOf(name: string, type: string, ...found: readonly DnsRecord[]): DnsMessage {
  return { ...bareMessage(name, typeNumber(type) ?? 0), answers: found };
}

/** Aliases in the order in which they stand: enough for these tests. */
function aliasesOf({ answers: found }: DnsMessage, name: string): readonly string[] {
  return [...new Set(found.map((record) => record.name))].filter((each) => each !== name);
}

/** A client of `payments-api`, by UDP. */
export const client: DnsClient = {
  transport: 'udp',
  address: '10.20.0.7',
  port: 40_000,
  maxBytes: 1_232,
  proofs: [],
  isOverRate: false,
};

/** A reply as these tests look at it. */
export interface Said {
  readonly rcode: string;
  readonly answers: readonly unknown[];
  readonly ttl: number | null;
  /** Code and text of the extended error. */
  readonly ede: readonly [number, string] | null;
  readonly isTruncated: boolean;
  readonly cookie: Uint8Array | null;
}

/** Asks as a client with EDNS does, with a cookie or without; null: no reply. */
export async function ask(
  name: string,
  type = 'A',
  from: DnsClient = client,
  cookie: Uint8Array | null = null,
): Promise<Said | null> {
  const query = encode({
    type: 'query',
    id: 4_711,
    flags: RECURSION_DESIRED,
    questions: [{ type: type as 'A', name, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        flags: 0,
        flag_do: false,
        extendedRcode: 0,
        ednsVersion: 0,
        options: cookie === null ? [] : [cookieOption(cookie)],
      },
    ],
  });
  const into = new Uint8Array(65_535);
  const outcome = bed.filter.answer(query, from, into);
  const reply = typeof outcome === 'number' ? into.subarray(0, outcome) : await outcome;
  if (reply === null || reply.length === 0) return null;
  const packet = decode(Buffer.from(reply)) as ReturnType<typeof decode> & { readonly rcode: string };
  assert.equal(packet.id, 4_711);
  assert.equal(packet.questions?.[0]?.name, name);
  const found = packet.answers ?? [];
  return {
    rcode: packet.rcode,
    answers: found.map((each) => ('data' in each ? each.data : null)),
    ttl: (found[0] as { readonly ttl?: number } | undefined)?.ttl ?? null,
    ede: errorOf(packet.additionals ?? []),
    isTruncated: packet.flag_tc,
    cookie: optionOf(packet.additionals ?? [], cookieCode),
  };
}

const cookieCode = 10;

// The types of the package know fewer options than it writes.
function cookieOption(cookie: Uint8Array): PacketOpt {
  return { code: cookieCode, data: Buffer.from(cookie) } as unknown as PacketOpt;
}

function errorOf(additionals: readonly unknown[]): Said['ede'] {
  const data = optionOf(additionals, 15);
  return data === null ? null : [data.readUInt16BE(0), data.subarray(2).toString()];
}

function optionOf(additionals: readonly unknown[], wanted: number): Buffer | null {
  const options = (
    additionals as readonly { readonly options?: readonly { readonly code: number; readonly data?: Buffer }[] }[]
  ).flatMap((each) => each.options ?? []);
  return options.find(({ code }) => code === wanted)?.data ?? null;
}

/** What was recorded of verdicts. */
export function verdicts(): readonly VerdictRecord[] {
  return bed.records.filter((record) => record.kind === 'verdict');
}
