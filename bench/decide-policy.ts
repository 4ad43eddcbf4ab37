import { type IpAddress, parseIpPrefix, parsePolicyTarget, type Target } from '../src/destination/index.ts';
import {
  type DecisionRequest,
  noFacts,
  type PolicyDocument,
  type PolicyTree,
  type RuleNode,
  type ServiceNode,
} from '../src/policy/index.ts';

/** A generator of numbers below 2^32 that gives the same run every time. */
export function createGenerator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** How large the policy of the bench is. Every rule has its own name, the worst case for sharing. */
export interface PolicySize {
  readonly services: number;
  readonly rulesPerService: number;
}

const at = { file: 'services.yaml', line: 1, column: 1 };

/** The name of the destination of a rule; every fourth rule is for the names below it, one in fifty for a block. */
export function ruleName(service: number, rule: number): string {
  return `api-${(service * 7919 + rule) % 100000}.team-${service}.zone${rule}.example.com`;
}

/** The documents of the policy, as they would come from the parser. */
export function benchTree({ services, rulesPerService }: PolicySize): PolicyTree {
  const documents: PolicyDocument[] = [boundary()];
  for (let service = 0; service < services; service++) documents.push(serviceNode(service, rulesPerService));
  return { documents };
}

function boundary(): PolicyDocument {
  const deny = ['paste.example.net:*', '*.paste.example.net:*', '198.51.100.0/24:*'].map((to) => rule(target(to)));
  return { kind: 'boundary', owner: 'team-security', at, deny, requires: [], revoked: [] };
}

function serviceNode(service: number, rules: number): ServiceNode {
  const name = serviceName(service);
  return {
    kind: 'service',
    name,
    owner: 'team-bench',
    at,
    serviceKind: 'app',
    mode: 'enforce',
    observeUntil: null,
    identities: [{ terms: [{ kind: 'credential', name, text: `credential:${name}` }], at }],
    allow: Array.from({ length: rules }, (_, index) => rule(ruleTarget(service, index))),
    deny: [],
    tests: [],
  };
}

/** The name of a service of the bench. */
export function serviceName(service: number): string {
  return `service-${service}`;
}

function ruleTarget(service: number, index: number): Target {
  if (index % 50 === 49) return target(`203.0.113.${(service + index) % 256}/32:443`);
  const name = ruleName(service, index);
  const ports = [{ first: 443, last: 443 }];
  if (index % 4 === 3) return { protocol: 'tls', host: { kind: 'below', name }, ports, canonical: `*.${name}:443` };
  return { protocol: 'tls', host: { kind: 'name', name }, ports, canonical: `${name}:443` };
}

function rule(to: Target): RuleNode {
  return {
    to: { kind: 'target', target: to },
    reason: 'bench',
    via: [],
    crossing: null,
    ech: false,
    sniNone: false,
    strength: null,
    queries: [],
    at,
  };
}

function target(text: string): Target {
  const parsed = parsePolicyTarget(text);
  if (!parsed.ok) throw new TypeError(`"${text}" is no target`);
  return parsed.value;
}

/** Uniformly random questions; every fourth asks for a name that no rule covers. Strings are made afresh, as from the wire. */
export function benchRequests(size: PolicySize, count: number, seed: number): readonly DecisionRequest[] {
  const next = createGenerator(seed);
  return Array.from({ length: count }, (_, index) => {
    const service = next() % size.services;
    const name = serviceName(service);
    return {
      principal: {
        service: name,
        identity: `credential:${name}`,
        strength: 'shared-secret',
        source: null,
        expiresAt: null,
      },
      destination: { host: hostOf(size, service, next() % size.rulesPerService, index), port: 443, protocol: null },
      facts: noFacts,
      now: 1_800_000_000_000,
    };
  });
}

function hostOf(
  size: PolicySize,
  service: number,
  index: number,
  question: number,
): DecisionRequest['destination']['host'] {
  // A miss is a name that another service may reach: the nearest thing to a hit.
  const isMiss = question % 4 === 3;
  if (index % 50 === 49 && !isMiss) return { kind: 'address', address: addressOf((service + index) % 256) };
  const name = ruleName(isMiss ? (service + 1) % size.services : service, index);
  return { kind: 'name', name: index % 4 === 3 ? `eu.${name}` : name };
}

function addressOf(last: number): IpAddress {
  const prefix = parseIpPrefix(`203.0.113.${last}/32`);
  if (!prefix.ok) throw new TypeError('an address of the bench does not parse');
  return prefix.value.first;
}
