import { type DestinationClass, destinationClasses } from '../destination/index.ts';
import { readText } from './format/flat-view.ts';
import { matchFlag, matchWord, ruleWord } from './format/layout.ts';
import type { OpenedGrant } from './grant-index.ts';
import type { MatchPairs } from './match-collector.ts';
import type { OpenedPolicy } from './open-policy.ts';
import { allQueries } from './query-types.ts';
import type { Reason } from './reasons.ts';
import type { Admission, Verdict } from './verdict.ts';

/** What a verdict is made of; the rest follows. */
export interface VerdictParts {
  readonly verdict: 'allow' | 'deny';
  readonly reason: Reason;
  readonly wouldDenyReason: Reason | null;
  readonly class: number;
  readonly mode: 'observe' | 'enforce';
  readonly admission: Admission;
  /** The matches that decided, copied. */
  readonly pairs: MatchPairs;
  /** Ids of what decided without being a match: a requirement, a revocation. */
  readonly otherIds: readonly string[];
  /** The grants that justify it, the chosen one first; empty where a rule does. */
  readonly grants: readonly OpenedGrant[];
  readonly grantId: string | null;
}

const noIds: readonly string[] = [];

/**
 * The verdict of a compiled policy. `ruleIds` are spelled out when they are asked for, so that deciding stays cheap: the property
 * is on the prototype, and a copy by spread (`{ ...verdict }`) leaves it out.
 */
export class PolicyVerdict implements Verdict {
  readonly verdict: 'allow' | 'deny';
  readonly reason: Reason;
  readonly wouldDeny: boolean;
  readonly wouldDenyReason: Reason | null;
  readonly grantId: string | null;
  readonly class: DestinationClass;
  readonly mode: 'observe' | 'enforce';
  readonly admission: Admission;
  /** @internal The policy that decided and the matches that did, for approving addresses. */
  readonly policy: OpenedPolicy;
  /** @internal */
  readonly pairs: MatchPairs;
  /** @internal */
  readonly grants: readonly OpenedGrant[];
  readonly #otherIds: readonly string[];
  #ruleIds: readonly string[] | null = null;

  constructor(policy: OpenedPolicy, parts: VerdictParts) {
    this.verdict = parts.verdict;
    this.reason = parts.reason;
    this.wouldDeny = parts.wouldDenyReason !== null;
    this.wouldDenyReason = parts.wouldDenyReason;
    this.grantId = parts.grantId;
    this.class = destinationClasses[parts.class] ?? 'admin';
    this.mode = parts.mode;
    this.admission = parts.admission;
    this.policy = policy;
    this.pairs = parts.pairs;
    this.grants = parts.grants;
    this.#otherIds = parts.otherIds;
  }

  get policyVersion(): string {
    return this.policy.version;
  }

  get ruleIds(): readonly string[] {
    if (this.#ruleIds !== null) return this.#ruleIds;
    const ids = this.pairs.length === 0 ? noIds : pairIds(this.policy, this.pairs);
    this.#ruleIds = this.#otherIds.length === 0 ? ids : [...ids, ...this.#otherIds];
    return this.#ruleIds;
  }
}

/** The ids of matches, sorted, each once. */
export function pairIds(policy: OpenedPolicy, pairs: MatchPairs): readonly string[] {
  const ids = new Set<string>();
  for (let i = 0; i < pairs.length; i += 2) ids.add(pairId(policy, pairs[i] as number, pairs[i + 1] as number));
  return [...ids].sort();
}

/** The id of one match: `payments-api/allow/kms.example.com:443`, with `#member` where it matched through a document. */
export function pairId(policy: OpenedPolicy, match: number, member: number): string {
  const { view } = policy;
  const row = ruleRow(policy, match);
  const id = `${readText(view, view.words[row + ruleWord.list] as number)}/${readText(view, view.words[row + ruleWord.to] as number)}`;
  if (member < 0) return id;
  return `${id}#${readText(view, view.words[ruleRow(policy, member) + ruleWord.to] as number)}`;
}

/** The place of the row in `rules` of a match. */
export function ruleRow({ view }: OpenedPolicy, match: number): number {
  return view.rules.at + (view.words[match + matchWord.rule] as number) * 5;
}

const nothing: Admission = { tls: false, http: false, tcp: false, udp: false, ech: false, sniNone: false, queries: 0 };

/** What a deny admits. */
export const admitNothing: Admission = Object.freeze(nothing);

const byBits: readonly Admission[] = Array.from({ length: 64 }, (_, bits) =>
  Object.freeze({
    tls: (bits & 1) !== 0,
    http: (bits & 2) !== 0,
    tcp: (bits & 4) !== 0,
    udp: (bits & 8) !== 0,
    ech: (bits & 16) !== 0,
    sniNone: (bits & 32) !== 0,
    queries: 0,
  }),
);

const observed: Admission = Object.freeze({ ...(byBits[55] ?? nothing), queries: allQueries });
const observedUdp: Admission = Object.freeze({ ...(byBits[63] ?? nothing), queries: allQueries });

/** What an observed miss admits: anything, so that the first bytes never break it. */
export function admitObserved(isUdp: boolean): Admission {
  return isUdp ? observedUdp : observed;
}

/** What a grant admits: its protocol and no more. */
export function admissionOfGrant({ target }: OpenedGrant): Admission {
  return byBits[protocolBits[target.protocol]] ?? admitNothing;
}

const protocolBits: Readonly<Record<OpenedGrant['target']['protocol'], number>> = { tls: 1, http: 2, tcp: 4, udp: 8 };

/** What matched allows admit together. */
export function admissionOf({ view }: OpenedPolicy, pairs: MatchPairs): Admission {
  let bits = 0;
  let queries = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    const member = pairs[i + 1] as number;
    const flags = view.words[(pairs[i] as number) + matchWord.flags] as number;
    const target = member < 0 ? flags : (view.words[member + matchWord.flags] as number);
    bits |= 1 << (target & matchFlag.protocolMask);
    if ((flags & matchFlag.ech) !== 0) bits |= 16;
    if ((flags & matchFlag.sniNone) !== 0) bits |= 32;
    queries |= flags >>> matchFlag.queriesShift;
  }
  const admitted = byBits[bits] ?? admitNothing;
  return queries === 0 ? admitted : { ...admitted, queries };
}
