import { cgroupsAbove } from '../../identity/index.ts';
import { identityText } from '../documents/parse-identity.ts';
import type { IdentityNode, IdentityTerm, ServiceNode } from '../nodes.ts';
import type { LintContext } from './lint-context.ts';
import { coveringKeys } from './target-index.ts';

/** An identity, and another service that whoever proves it proves as well. */
export interface SharedIdentity {
  readonly identity: IdentityNode;
  readonly service: ServiceNode;
  readonly other: ServiceNode;
}

/** Combinations of more conditions than this are looked up whole only: 2^8 look-ups an identity bound the work. */
const maxCombined = 8;

/**
 * Each identity that, when it is proven, proves one of another service too: the same terms, some of them, fewer claims of the same
 * issuer's token, or a source inside a wider one. Near-linear: every identity looks up its own combinations in one index.
 */
export function* findShared({ services }: LintContext): Generator<SharedIdentity> {
  const holders = new Map<string, ServiceNode[]>();
  for (const service of services)
    for (const identity of service.identities) noteHolder(holders, identityKey(identity, service), service);
  for (const service of services)
    for (const identity of service.identities) {
      const other = findOther(identity, service, holders);
      if (other !== null) yield { identity, service, other };
    }
}

/** Two holders are enough to tell that there is another one. */
function noteHolder(holders: Map<string, ServiceNode[]>, key: string, service: ServiceNode): void {
  const known = holders.get(key);
  if (known === undefined) holders.set(key, [service]);
  else if (known.length < 2 && known[0] !== service) known.push(service);
}

function findOther(
  identity: IdentityNode,
  service: ServiceNode,
  holders: ReadonlyMap<string, readonly ServiceNode[]>,
): ServiceNode | null {
  for (const key of includedKeys(identity, service)) {
    const other = holders.get(key)?.find((holder) => holder !== service);
    if (other !== undefined) return other;
  }
  return null;
}

function identityKey(identity: IdentityNode, service: ServiceNode): string {
  const [term, ...others] = identity.terms;
  if (term?.kind !== 'source' || others.length > 0) return conditionsOf(identity, service).join(' + ');
  const [own] = coveringKeys({ kind: 'prefix', prefix: term.prefix });
  return `source ${own}`;
}

function* includedKeys(identity: IdentityNode, service: ServiceNode): Generator<string> {
  for (const term of identity.terms)
    if (term.kind === 'source')
      for (const key of coveringKeys({ kind: 'prefix', prefix: term.prefix })) yield `source ${key}`;
  yield* cgroupsOver(identity);
  const conditions = conditionsOf(identity, service);
  if (conditions.length > maxCombined) yield conditions.join(' + ');
  else
    for (let mask = 1; mask < 1 << conditions.length; mask += 1)
      yield conditions.filter((_, index) => (mask & (1 << index)) !== 0).join(' + ');
}

/** Whoever runs in a cgroup runs in those above it, and is named by what they name. */
function* cgroupsOver({ terms }: IdentityNode): Generator<string> {
  for (const term of terms)
    if (term.kind === 'local' && term.name.by === 'cgroup')
      for (const path of cgroupsAbove(term.name.value)) yield `local:cgroup:${path}`;
}

/** What must all hold, each by itself: a token with two claims is two conditions, since a token may carry more than is asked. */
function conditionsOf({ terms }: IdentityNode, service: ServiceNode): readonly string[] {
  return [...new Set(terms.flatMap((term) => conditionsOfTerm(term, service)))].sort();
}

function conditionsOfTerm(term: IdentityTerm, service: ServiceNode): readonly string[] {
  // A lease names the service that it is for: of one source it is another proof for each.
  if (term.kind === 'leased') return [`${term.text} ${service.name}`];
  if (term.kind !== 'token') return [identityText({ terms: [term] })];
  return Object.entries(term.claims).map((claim) => JSON.stringify([term.issuer, ...claim]));
}
