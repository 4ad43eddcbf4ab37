import type { IdentityNode, IdentityTerm, ServiceNode } from '../nodes.ts';
import type { LintRule } from './finding.ts';
import type { LintContext } from './lint-context.ts';

type Claims = Extract<IdentityTerm, { kind: 'token' }>['claims'];

/** Two services ask a token for claims that do not rule each other out. */
export const tokenClaimsOverlap: LintRule = {
  id: 'token-claims-overlap',
  severity: 'warning',
  says: 'one token could carry the claims of two services: it would be refused as a conflict',
  mend: 'ask both for the same claim with different values, such as the repository or the subject',
  find: (context, report) => {
    for (const [issuer, tokens] of tokensByIssuer(context))
      for (const { identity, service, other } of findOverlaps(tokens))
        report(identity.at, `a token of \`${issuer}\` could name \`${service.name}\` and \`${other.name}\``);
  },
};

interface TokenIdentity {
  readonly identity: IdentityNode;
  readonly service: ServiceNode;
  readonly claims: Claims;
}

/** Identities that ask for the same claims, by name. */
interface Shape {
  readonly names: readonly string[];
  readonly tokens: TokenIdentity[];
}

/** More shapes of one issuer than anybody writes; each pair of them costs one index. */
const maxShapes = 32;

// Only identities that are one token: inside `all:` something else tells two services apart.
function tokensByIssuer({ services }: LintContext): ReadonlyMap<string, readonly TokenIdentity[]> {
  const byIssuer = new Map<string, TokenIdentity[]>();
  for (const service of services)
    for (const identity of service.identities) {
      const [term, ...others] = identity.terms;
      if (term?.kind !== 'token' || others.length > 0) continue;
      const known = byIssuer.get(term.issuer) ?? [];
      byIssuer.set(term.issuer, known);
      known.push({ identity, service, claims: term.claims });
    }
  return byIssuer;
}

type Overlap = Pick<TokenIdentity, 'identity' | 'service'> & { readonly other: ServiceNode };

/** Each identity whose claims agree with those of another service, once, where neither asks for all that the other one does. */
function* findOverlaps(tokens: readonly TokenIdentity[]): Generator<Overlap> {
  const shapes = shapesOf(tokens).slice(0, maxShapes);
  const isReported = new Set<IdentityNode>();
  for (const one of shapes)
    for (const two of shapes)
      for (const overlap of overlapsOf(one, two)) {
        if (!isReported.has(overlap.identity)) yield overlap;
        isReported.add(overlap.identity);
      }
}

function* overlapsOf(one: Shape, two: Shape): Generator<Overlap> {
  const common = one.names.filter((name) => two.names.includes(name));
  // Included in one another: that is `identity-in-two-services`.
  if (common.length === one.names.length || common.length === two.names.length) return;
  const holders = holdersBy(two, common);
  for (const { identity, service, claims } of one.tokens) {
    const other = holders.get(valuesOf(claims, common))?.find((holder) => holder !== service);
    if (other !== undefined) yield { identity, service, other };
  }
}

function shapesOf(tokens: readonly TokenIdentity[]): readonly Shape[] {
  const shapes = new Map<string, Shape>();
  for (const token of tokens) {
    const names = Object.keys(token.claims);
    const key = JSON.stringify(names);
    const shape = shapes.get(key) ?? { names, tokens: [] };
    shapes.set(key, shape);
    shape.tokens.push(token);
  }
  return [...shapes.values()];
}

function holdersBy({ tokens }: Shape, names: readonly string[]): ReadonlyMap<string, readonly ServiceNode[]> {
  const holders = new Map<string, ServiceNode[]>();
  for (const { service, claims } of tokens) {
    const key = valuesOf(claims, names);
    const known = holders.get(key);
    if (known === undefined) holders.set(key, [service]);
    // Two are enough to tell that there is another one.
    else if (known.length < 2 && known[0] !== service) known.push(service);
  }
  return holders;
}

function valuesOf(claims: Claims, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => claims[name]));
}
