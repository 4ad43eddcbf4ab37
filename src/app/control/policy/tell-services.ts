import { createDrafter, type DraftedEntry, type JudgeableEdge } from '../../../flowmap/index.ts';
import {
  type CompiledPolicy,
  type ListedRule,
  listRules,
  type NetworkFacts,
  type PolicyTree,
  type ServiceNode,
} from '../../../policy/index.ts';

/** A service as the policy says it; what is known of its use is added by who counts. Plain data: it crosses from the worker. */
export interface ServiceFacts {
  readonly name: string;
  readonly owner: string;
  readonly kind: string;
  /** What it is now: past its date the clock enforces. */
  readonly mode: 'observe' | 'enforce';
  readonly observeUntilMs: number | null;
  readonly file: string;
  readonly line: number;
  readonly identities: readonly string[];
  readonly testCount: number;
  readonly allowIds: readonly string[];
  readonly ruleCount: number;
}

/** Which services are wanted, in order of name. */
export interface ServicesQuestion {
  readonly find: string | null;
  readonly mode: 'observe' | 'enforce' | null;
  readonly after: string | null;
  readonly most: number;
  readonly nowMs: number;
}

/** One page of services, and how many match in all. */
export interface ToldServices {
  readonly total: number;
  readonly items: readonly ServiceFacts[];
  readonly isEnd: boolean;
}

/** One service with its rules, and what enforce says of each edge that was asked about. */
export interface ToldService {
  readonly facts: ServiceFacts;
  readonly rules: readonly ListedRule[];
  readonly rulesLeftOut: number;
  readonly drafts: readonly DraftedEntry[];
}

/** The services of one policy, made ready once. */
export interface ServiceIndex {
  page(question: ServicesQuestion): ToldServices;
  /** Null where there is no such service. */
  one(name: string, nowMs: number): { readonly facts: ServiceFacts; readonly rules: readonly ListedRule[] } | null;
}

const mostIdentities = 5;
/** More rules than this of one service are read in its file. */
const mostRules = 1_000;

/** Indexes the services of a policy by name, with their rules. */
export function indexServices(tree: PolicyTree): ServiceIndex {
  const services = tree.documents.filter((document) => document.kind === 'service');
  services.sort((one, other) => (one.name < other.name ? -1 : 1));
  const byName = new Map(services.map((service) => [service.name, service]));
  const rules = Map.groupBy(listRules(tree), ({ document }) => document);
  return {
    page: ({ find, mode, after, most, nowMs }) => {
      const words = find?.toLowerCase() ?? '';
      const matching = services.filter(
        (one) =>
          (words === '' || one.name.includes(words) || one.owner.toLowerCase().includes(words)) &&
          (mode === null || modeOf(one, nowMs) === mode),
      );
      const rest = after === null ? matching : matching.filter(({ name }) => name > after);
      const items = rest.slice(0, most).map((one) => factsOf(one, rules.get(one.name) ?? [], nowMs));
      return { total: matching.length, items, isEnd: rest.length <= most };
    },
    one: (name, nowMs) => {
      const service = byName.get(name);
      const own = rules.get(name) ?? [];
      return service === undefined ? null : { facts: factsOf(service, own, nowMs), rules: own };
    },
  };
}

/** Tells one service, and drafts rules for what was seen of it. */
export function tellService(
  index: ServiceIndex,
  present: { readonly tree: PolicyTree; readonly policy: CompiledPolicy },
  asked: {
    readonly name: string;
    readonly nowMs: number;
    readonly edges: readonly JudgeableEdge[];
    readonly localOrigins: NetworkFacts['localOrigins'];
  },
): ToldService | null {
  const found = index.one(asked.name, asked.nowMs);
  if (found === null) return null;
  const draft = createDrafter(present, asked.localOrigins);
  return {
    facts: found.facts,
    rules: found.rules.slice(0, mostRules),
    rulesLeftOut: Math.max(0, found.rules.length - mostRules),
    drafts: asked.edges.map(draft),
  };
}

function factsOf(service: ServiceNode, rules: readonly ListedRule[], nowMs: number): ServiceFacts {
  const { name, owner, serviceKind, observeUntil, identities, tests, at } = service;
  return {
    ...{ name, owner, kind: serviceKind, mode: modeOf(service, nowMs), observeUntilMs: observeUntil },
    ...{ file: at.file, line: at.line, testCount: tests.length, ruleCount: rules.length },
    identities: identities.slice(0, mostIdentities).map(({ terms }) => terms.map(({ text }) => text).join(' + ')),
    allowIds: rules.flatMap(({ list, id }) => (list === 'allow' ? [id] : [])),
  };
}

function modeOf({ mode, observeUntil }: ServiceNode, nowMs: number): 'observe' | 'enforce' {
  return mode === 'observe' && observeUntil !== null && nowMs < observeUntil ? 'observe' : 'enforce';
}
