import type { ObservedDestination, ServiceRow } from '../../../api/contract/index.ts';
import { mostProposedBytes } from '../../../api/contract/index.ts';
import type { PolicySource } from '../../../api/index.ts';
import { type Clock, failed, fault, ok, type Result } from '../../../base/index.ts';
import type { DraftedEntry, JudgeableEdge } from '../../../flowmap/index.ts';
import type { NetworkFacts } from '../../../policy/index.ts';
import type { PolicyHistory } from '../../../snapshot/index.ts';
import type { PolicyQuestion } from '../policy-outcome.ts';
import type { ObservedUse, Usage, UsageEdge } from '../usage.ts';
import type { ListedSources } from './policy-sources.ts';
import type { ProposalDesk } from './proposal-desk.ts';
import type { ServiceFacts, ToldService, ToldServices } from './tell-services.ts';

/** What the source is made from. */
export interface PolicySourceOptions {
  readonly clock: Clock;
  readonly history: PolicyHistory;
  readonly usage: () => Usage;
  readonly askPolicy: <T>(question: PolicyQuestion) => Promise<Result<T>>;
  readonly desk: ProposalDesk;
  readonly localOrigins: NetworkFacts['localOrigins'];
}

// What a person reads of one service; its counts tell of the rest.
const mostObserved = 200;

type Versioned<T> = T & { readonly version: string };

/** The policy in force as the API tells it: what the policy says, from the worker that holds it, and what control counted of its use. */
export function createPolicySource(options: PolicySourceOptions): PolicySource {
  const { clock, history, usage, askPolicy, desk } = options;
  return {
    services: async ({ find, mode, after, most }) => {
      const query = { find, mode, after, most, nowMs: clock.now() };
      const told = await askPolicy<Versioned<ToldServices>>({ kind: 'services', query });
      if (!told.ok) return told;
      const { version, total, items, isEnd } = told.value;
      const uses = usesOf(usage(), new Set(items.map(({ name }) => name)));
      const rows = items.map((facts) => toRow(facts, usage(), uses.get(facts.name) ?? []));
      return ok({ policyVersion: version, countedSince: countedSince(usage()), total, items: rows, isEnd });
    },
    service: (name) => tellOne(options, name),
    files: async () => {
      const told = await askPolicy<Versioned<ListedSources>>({ kind: 'sources', mostBytes: mostProposedBytes });
      if (!told.ok) return told;
      const { version, ...listed } = told.value;
      const since = history.intervals().findLast(({ policyVersion }) => policyVersion === version);
      return ok({ policyVersion: version, inForceSince: instant(since?.fromMs ?? clock.now()), ...listed });
    },
    file: async (path) => {
      const question = { kind: 'source', path, mostBytes: mostProposedBytes } as const;
      const told = await askPolicy<{ readonly version: string; readonly text: string }>(question);
      return told.ok ? ok({ policyVersion: told.value.version, path, text: told.value.text }) : told;
    },
    check: async (proposal, person) => {
      const isInForce = checkInForce(history, proposal.policyVersion);
      if (!isInForce.ok) return isInForce;
      return desk.check(proposal, person, clock.now());
    },
  };
}

/**
 * Whether a policy is the one in force. Only against that a change is tried: a patch to what was before would take back what others changed
 * since. Faults: `no_policy`, `changed_meanwhile`.
 */
export function checkInForce(history: PolicyHistory, policyVersion: string): Result<null> {
  const inForce = history.intervals().at(-1)?.policyVersion ?? null;
  if (inForce === null) return failed(fault('no_policy', 'no good policy was ever in force, mend the policy first'));
  if (inForce === policyVersion) return ok(null);
  return failed(fault('changed_meanwhile', 'another policy is in force now, load it and change that'));
}

async function tellOne(options: PolicySourceOptions, name: string): ReturnType<PolicySource['service']> {
  const { clock, history, usage, askPolicy, localOrigins } = options;
  const edges = usesOf(usage(), new Set([name])).get(name) ?? [];
  const observed = edges
    .filter((edge): edge is ObservedEdge => edge.observed !== undefined)
    .sort((one, other) => other.observed.lastMs - one.observed.lastMs);
  const asked = observed.slice(0, mostObserved);
  const nowMs = clock.now();
  const question = { kind: 'service', name, nowMs, edges: asked.map(toJudgeable), localOrigins } as const;
  const told = await askPolicy<Versioned<ToldService>>(question);
  if (!told.ok) return told;
  const { version, facts, rules, rulesLeftOut, drafts } = told.value;
  const since = history.rulesSince(nowMs);
  const lastUses = usage().rules;
  // What a rule lets out by now breaks no more, whatever was observed before.
  const breaking = asked.flatMap((edge, at) => toObserved(edge, drafts[at]));
  const isObserved = facts.mode === 'observe';
  return ok({
    policyVersion: version,
    countedSince: countedSince(usage()),
    service: { ...toRow(facts, usage(), edges), onlyObserved: isObserved ? breaking.length : 0 },
    rules: rules.map(({ id, list, reason, at }) => ({
      ...{ id, list, reason, file: at.file, line: at.line },
      since: instantOrNull(since.get(id) ?? null),
      lastUsed: instantOrNull(lastUses.get(id) ?? null),
    })),
    rulesLeftOut,
    observed: isObserved ? breaking : [],
    observedLeftOut: isObserved ? observed.length - asked.length : 0,
  });
}

type ObservedEdge = UsageEdge & { readonly observed: ObservedUse };

// One walk over all edges for a whole page: there are up to two hundred thousand.
function usesOf(usage: Usage, names: ReadonlySet<string>): ReadonlyMap<string, readonly UsageEdge[]> {
  const wanted = [...usage.edges.values()].filter(({ service }) => names.has(service));
  return Map.groupBy(wanted, ({ service }) => service);
}

function toRow(facts: ServiceFacts, usage: Usage, edges: readonly UsageEdge[]): ServiceRow {
  const { name, owner, kind, mode, observeUntilMs, file, line, identities, ruleCount, testCount, allowIds } = facts;
  const lastMs = edges.reduce((last, { lastAllowed }) => Math.max(last, lastAllowed ?? 0), 0);
  const isCounted = countedSince(usage) !== null;
  return {
    ...{ name, owner, kind, mode, file, line, identities, ruleCount, testCount },
    observeUntil: instantOrNull(observeUntilMs),
    lastUsed: lastMs === 0 ? null : instant(lastMs),
    unusedRules: isCounted ? allowIds.filter((id) => !usage.rules.has(id)).length : null,
    onlyObserved: mode === 'observe' ? edges.filter(({ observed }) => observed !== undefined).length : 0,
  };
}

function countedSince(usage: Usage): string | null {
  let first: string | null = null;
  for (const day of usage.days.keys()) if (first === null || day < first) first = day;
  return first;
}

const applications = { tls: 'tls', http: 'http', tcp: 'other', udp: 'other' } as const;

function toJudgeable({ service, host, port, addresses, observed }: ObservedEdge): JudgeableEdge {
  const { protocol, count, firstMs, lastMs } = observed;
  return {
    principal: service,
    how: ['record'],
    destination: host,
    isName: !/^[\d.]+$|:/.test(host),
    port: port ?? -1,
    protocol: protocol === 'udp' ? 17 : 6,
    application: applications[protocol as keyof typeof applications] ?? 'unknown',
    rank: 'record',
    candidates: [],
    clients: [],
    addresses,
    connections: count,
    bytesUp: null,
    bytesDown: null,
    denied: 0,
    firstMs,
    lastMs,
    initiator: 'stated',
    isSampled: false,
  };
}

function toObserved(edge: ObservedEdge, drafted: DraftedEntry | undefined): readonly ObservedDestination[] {
  if (drafted === undefined || drafted.judgement.verdict === 'allow') return [];
  const { host, port, observed } = edge;
  return [
    {
      ...{ host, port, count: observed.count },
      firstSeen: instant(observed.firstMs),
      lastSeen: instant(observed.lastMs),
      reason: drafted.judgement.reason ?? observed.reason,
      draft: drafted.to === null ? null : { to: drafted.to, via: drafted.via },
      doubts: drafted.doubts,
    },
  ];
}

function instant(ms: number): string {
  return new Date(Math.min(ms, 8.64e15)).toISOString();
}

function instantOrNull(ms: number | null): string | null {
  return ms === null ? null : instant(ms);
}
