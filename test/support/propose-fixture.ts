import assert from 'node:assert/strict';
import {
  createCoverage,
  type DeclaredEndpoint,
  drawFlowMap,
  type Edge,
  emptyInventory,
  type Inventory,
  type PresentPolicy,
  type Proposal,
  type ProposeParts,
  type ProposeSettings,
  parseInventory,
  proposePolicy,
  type Regularity,
} from '../../src/flowmap/index.ts';
import { compilePolicy, decide, openPolicy, parsePolicyFiles, runPolicyTests } from '../../src/policy/index.ts';
import { seedForTest } from './policy-fixture.ts';

/** 2026-10-01, a Thursday, as days since the epoch. */
export const firstDay = 20727;
const dayMs = 86_400_000;

/** An edge of `payments-api` to `bank.example.com:443`, seen on each of 40 days by day; what is given differs. */
export function edgeOf(extra: Partial<Edge> = {}): Edge {
  return {
    principal: 'payments-api',
    how: ['inventory'],
    destination: 'bank.example.com',
    isName: true,
    port: 443,
    protocol: 6,
    application: 'tls',
    rank: 'record',
    candidates: [],
    clients: ['10.20.0.5'],
    addresses: [],
    provider: null,
    connections: 400,
    bytesUp: 40_000,
    bytesDown: 400_000,
    denied: 0,
    firstMs: firstDay * dayMs + 10 * 3_600_000,
    lastMs: (firstDay + 39) * dayMs + 10 * 3_600_000,
    days: 40,
    weekdays: 127,
    hours: 0b111 << 9,
    activeHours: 120,
    formats: ['squid'],
    sources: ['3f9a0c12'],
    initiator: 'stated',
    isSampled: false,
    ...extra,
  };
}

/** A declared endpoint of `payments-api`; what is given differs. */
export function declaredOf(host: string, extra: Partial<DeclaredEndpoint> = {}): DeclaredEndpoint {
  return {
    service: 'payments-api',
    host,
    port: 443,
    scheme: 'https',
    file: 'app.env',
    line: 1,
    confidence: 'stated',
    key: 'URL',
    schedule: null,
    ...extra,
  };
}

/** What a proposal of a test is made from; all but the edges may be left out. */
export interface ProposeFixture {
  readonly edges: readonly Edge[];
  readonly declared?: readonly DeclaredEndpoint[];
  readonly regularity?: readonly Regularity[] | undefined;
  readonly inventory?: string;
  /** Files of the present policy by path. */
  readonly policy?: Readonly<Record<string, string>>;
  /** Days on which every principal was seen. */
  readonly days?: number;
  /** When instances of `payments-api` began. Default: no export tells it. */
  readonly startsMs?: readonly number[];
}

/** The parts of a proposal, over 40 days from {@link firstDay} unless said otherwise. */
export function partsOf(fixture: ProposeFixture): ProposeParts & { readonly present: PresentPolicy | null } {
  const present = fixture.policy === undefined ? null : presentOf(fixture.policy);
  const inventory = inventoryOf(fixture.inventory);
  const owners = new Map(inventory.services.map(({ name, owner }) => [name, owner]));
  const days = Array.from({ length: fixture.days ?? 40 }, (_, at) => firstDay + at);
  const map = drawFlowMap(
    {
      edges: fixture.edges,
      coverage: createCoverage([], { edges: fixture.edges, shares: [], leftOut: [] }),
      declared: fixture.declared ?? [],
      policy: present?.policy ?? null,
      noPolicy: present === null ? 'none in tests' : null,
      localOrigins: [],
      ownerOf: (principal) => present?.policy.service(principal)?.owner ?? owners.get(principal) ?? null,
      nowMs: (firstDay + 50) * dayMs,
    },
    { service: null, newSinceMs: null, class: null },
  );
  const principals = [...new Set(fixture.edges.map(({ principal }) => principal))];
  return {
    map,
    seenDays: principals.map((principal) => ({ principal, days })),
    starts: fixture.startsMs === undefined ? [] : [{ principal: 'payments-api', startsMs: fixture.startsMs }],
    regularity: fixture.regularity ?? [],
    declared: fixture.declared ?? [],
    inventory,
    present,
  };
}

/** Proposes from a fixture; hours 22 to 6 are night. */
export function proposalOf(fixture: ProposeFixture, settings: Partial<ProposeSettings> = {}): Proposal {
  const nightHours = 0b1100_0000_0000_0000_0011_1111;
  return proposePolicy(partsOf(fixture), { service: null, wildcardFrom: 5, nightHours, ...settings });
}

/** A policy that must load, from its files. */
export function presentOf(texts: Readonly<Record<string, string>>): PresentPolicy {
  const files = Object.entries(texts).map(([path, text]) => ({ path, text }));
  const { tree, faults } = parsePolicyFiles(files);
  assert.deepEqual(faults, []);
  const bytes = compilePolicy(tree, { version: 'sha256:test', seed: seedForTest });
  assert.ok(bytes.ok);
  const policy = openPolicy(bytes.value);
  assert.ok(policy.ok);
  return { policy: policy.value, tree, files };
}

function inventoryOf(text: string | undefined): Inventory {
  if (text === undefined) return emptyInventory;
  const inventory = parseInventory(text, 'inventory.yaml');
  assert.ok(inventory.ok);
  return inventory.value;
}

/** A policy: segments, a boundary that denies, a list with a class. */
export const segmentsPolicy: string = `apiVersion: exeat/v1
owner: team-network
segments: { endpoints: { ranges: [ 10.60.0.0/16 ] }, prod-net: { ranges: [ 10.70.0.0/16 ], environment: prod } }
---
apiVersion: exeat/v1
owner: team-security
boundary: { deny: [ { to: "blocked.example.net:*", reason: never } ] }
---
apiVersion: exeat/v1
destinations: mirrors
owner: team-build
class: package-registry
members: [ mirror.example.net:443 ]
`;

/** What the tests in a document come to; it must parse, compile and open. */
export function policyTestResults(text: string): ReturnType<typeof runPolicyTests> {
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
  assert.deepEqual(faults, []);
  const bytes = compilePolicy(tree, { version: 'sha256:test', seed: new Uint8Array(16) });
  assert.ok(bytes.ok);
  const policy = openPolicy(bytes.value);
  assert.ok(policy.ok);
  return runPolicyTests(tree, policy.value, { decide, now: 0 });
}
