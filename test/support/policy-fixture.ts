import assert from 'node:assert/strict';
import { parseIpAddress, parseIpPrefix, parsePolicyTarget } from '../../src/destination/index.ts';
import { parseLocalName } from '../../src/identity/index.ts';
import type {
  CompiledPolicy,
  DestinationsNode,
  IdentityNode,
  PolicyDocument,
  RuleNode,
  ServiceNode,
} from '../../src/policy/index.ts';
import { compilePolicy, openPolicy } from '../../src/policy/index.ts';

/** A seed for tests only: every policy of a test hashes alike. */
export const seedForTest: Uint8Array = Uint8Array.from({ length: 16 }, (_, index) => index * 7 + 1);

const at = { file: 'payments/api.yaml', line: 1, column: 1 };

/** A rule node from its `to` (`@name` refers to a document); the rest by default says nothing. */
export function ruleNode(to: string, extra: Partial<RuleNode> = {}): RuleNode {
  const base = {
    reason: 'tests',
    via: [],
    crossing: null,
    ech: false,
    sniNone: false,
    strength: null,
    queries: [],
    at,
  };
  if (to.startsWith('@')) return { ...base, to: { kind: 'reference', name: to.slice(1) }, ...extra };
  return { ...base, to: { kind: 'target', target: targetNode(to) }, ...extra };
}

/** A target that must parse. */
export function targetNode(to: string): DestinationsNode['members'][number]['target'] {
  const target = parsePolicyTarget(to);
  assert.ok(target.ok, to);
  return target.value;
}

/** A service node; identities are texts such as `credential:payments-api`. */
export function serviceNode(name: string, extra: Partial<ServiceNode> = {}): ServiceNode {
  return {
    kind: 'service',
    name,
    owner: 'team-payments',
    at,
    serviceKind: 'app',
    mode: 'enforce',
    observeUntil: null,
    identities: [identityNode(`credential:${name}`)],
    allow: [],
    deny: [],
    tests: [],
    ...extra,
  };
}

/** An identity node from its text; terms are joined by ` + `. Token claims stand in braces: `token:https://ci.example.com{a=b}`. */
export function identityNode(text: string): IdentityNode {
  return { terms: text.split(' + ').map(identityTerm), at };
}

function identityTerm(text: string): IdentityNode['terms'][number] {
  if (text.startsWith('spiffe://')) return { kind: 'spiffe', id: text, text };
  if (text.startsWith('credential:')) return { kind: 'credential', name: text.slice(11), text };
  if (text.startsWith('leased:')) return { kind: 'leased', name: text.slice(7), text };
  if (text.startsWith('source:')) {
    const prefix = parseIpPrefix(text.slice(7));
    assert.ok(prefix.ok, text);
    return { kind: 'source', prefix: prefix.value, text };
  }
  if (text.startsWith('local:')) {
    const name = parseLocalName(text.slice(6));
    assert.ok(name.ok, text);
    return { kind: 'local', name: name.value, text };
  }
  return tokenTerm(text);
}

function tokenTerm(text: string): IdentityNode['terms'][number] {
  const [, issuer = '', claims = ''] = /^token:([^{]*)\{?([^}]*)\}?$/.exec(text) ?? [];
  const pairs = claims === '' ? [] : claims.split(',').map((pair) => pair.split('='));
  return { kind: 'token', issuer, claims: Object.fromEntries(pairs), text: `token:${issuer}` };
}

/** Compiles and opens documents that must compile. */
export function policyOf(documents: readonly PolicyDocument[], version = 'sha256:test'): CompiledPolicy {
  const bytes = compilePolicy({ documents }, { version, seed: seedForTest });
  assert.ok(bytes.ok, bytes.ok ? '' : bytes.fault.message);
  const opened = openPolicy(bytes.value);
  assert.ok(opened.ok, opened.ok ? '' : opened.fault.message);
  return opened.value;
}

/** An address that must parse. */
export function addressOf(text: string): ReturnType<typeof unwrapAddress> {
  return unwrapAddress(text);
}

function unwrapAddress(text: string): Extract<ReturnType<typeof parseIpAddress>, { ok: true }>['value'] {
  const address = parseIpAddress(text);
  assert.ok(address.ok, text);
  return address.value;
}
