import { nearestWord } from '../../base/index.ts';
import { type Destination, type Protocol, parsePolicyTarget } from '../../destination/index.ts';
import type { Principal } from '../../identity/index.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import { identityText } from '../documents/parse-identity.ts';
import { naturalStrength } from '../lint/natural-strength.ts';
import type { IdentityNode, PolicyTestNode, PolicyTree, ServiceNode, SourceAt } from '../nodes.ts';
import type { Reason } from '../reasons.ts';
import { type DecisionRequest, noFacts, type Verdict } from '../verdict.ts';

/** The evaluator, as tests of a policy need it: the same `decide` that every enforcement point calls. */
export type Decide = (policy: CompiledPolicy, request: DecisionRequest) => Verdict;

/** What running tests needs beside the policy: the evaluator, and the time (epoch milliseconds). */
export interface PolicyTestOptions {
  readonly decide: Decide;
  readonly now: number;
}

/**
 * One `tests:` entry and what became of it. `got` is what enforce answers: an observed service is judged as if it were enforced.
 * `reason` and `ruleIds` say why; null and empty where the test could not be asked. `message` is null when the test passed.
 */
export interface PolicyTestResult {
  readonly service: string;
  readonly expect: 'allow' | 'deny';
  readonly to: string;
  readonly as: string;
  readonly passed: boolean;
  readonly got: 'allow' | 'deny' | null;
  readonly reason: Reason | null;
  readonly ruleIds: readonly string[];
  readonly message: string | null;
  readonly at: SourceAt;
}

/** Runs every `tests:` entry of every service against the compiled policy, in order of documents. Names are not resolved. */
export function runPolicyTests(
  tree: PolicyTree,
  policy: CompiledPolicy,
  options: PolicyTestOptions,
): readonly PolicyTestResult[] {
  const results: PolicyTestResult[] = [];
  for (const service of tree.documents) {
    if (service.kind !== 'service' || service.tests.length === 0) continue;
    const identities = new Map(service.identities.map((identity) => [identityText(identity), identity]));
    for (const test of service.tests) results.push(runTest(service, test, identities, { ...options, policy }));
  }
  return results;
}

function runTest(
  service: ServiceNode,
  test: PolicyTestNode,
  identities: ReadonlyMap<string, IdentityNode>,
  { policy, decide, now }: PolicyTestOptions & { readonly policy: CompiledPolicy },
): PolicyTestResult {
  const { expect, to, at } = test;
  const as = test.as ?? identities.keys().next().value ?? '';
  const asked = { service: service.name, expect, to, as, at };
  const identity = identities.get(as);
  const destination = testDestination(to);
  if (identity === undefined || destination === null)
    return { ...asked, passed: false, got: null, reason: null, ruleIds: [], message: whyUnasked(as, identities) };
  const principal = testPrincipal(service, identity);
  const verdict = decide(policy, { principal, destination, facts: noFacts, now });
  return { ...asked, ...judge(test, verdict) };
}

/** A text that parsed as a test parses again, so what is left is an identity that the service does not have. */
function whyUnasked(as: string, identities: ReadonlyMap<string, IdentityNode>): string {
  const near = nearestWord(as, identities.keys());
  const hint = near === null ? '' : `: did you mean \`${near}\``;
  return `\`${as.slice(0, 200)}\` is no identity of the service${hint}`;
}

/** The identity as it is usually proven; with a source in it, the first address of the range asks. */
function testPrincipal(service: ServiceNode, identity: IdentityNode): Principal {
  const source = identity.terms.find((term) => term.kind === 'source');
  return {
    service: service.name,
    identity: identityText(identity),
    strength: naturalStrength(identity),
    source: source?.prefix.first.text ?? null,
    expiresAt: null,
  };
}

/** A tunnel to the target, as CONNECT asks for it; `http://` and `udp://` ask by their own protocol. */
function testDestination(to: string): Destination | null {
  const target = parsePolicyTarget(to);
  if (!target.ok) return null;
  const { host, ports, protocol } = target.value;
  const port = ports[0]?.first ?? null;
  const asked = protocol === 'http' || protocol === 'udp' ? protocol : null;
  if (host.kind === 'name') return { host, port, protocol: asked };
  if (host.kind !== 'prefix') return null;
  return { host: { kind: 'address', address: host.prefix.first }, port, protocol: asked };
}

function judge(
  { expect, because, to }: PolicyTestNode,
  verdict: Verdict,
): Pick<PolicyTestResult, 'passed' | 'got' | 'reason' | 'ruleIds' | 'message'> {
  const enforced = verdict.wouldDeny ? 'deny' : verdict.verdict;
  const reason = verdict.wouldDenyReason ?? verdict.reason;
  const { ruleIds } = verdict;
  const missing = enforced === 'allow' ? missingProtocol(to, verdict) : null;
  const got = missing === null ? enforced : 'deny';
  const passed = got === expect && (because === null || because === reason);
  if (passed) return { passed, got, reason, ruleIds, message: null };
  const by = ruleIds.length === 0 ? 'no rule' : ruleIds.map((id) => `\`${id}\``).join(', ');
  const wanted = because === null ? expect : `${expect} because \`${because}\``;
  const protocol = missing === null ? '' : `, and no rule admits \`${missing}\``;
  return { passed, got, reason, ruleIds, message: `expected ${wanted}, got ${got}: \`${reason}\` by ${by}${protocol}` };
}

/** A test that writes its protocol asks for that protocol: a `tcp://` test is not met by a rule for TLS. */
function missingProtocol(to: string, verdict: Verdict): Protocol | null {
  if (!to.includes('://')) return null;
  const target = parsePolicyTarget(to);
  return target.ok && !verdict.admission[target.value.protocol] ? target.value.protocol : null;
}
