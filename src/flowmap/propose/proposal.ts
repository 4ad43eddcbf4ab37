import type { CompiledPolicy, PolicyFileText, PolicyTree } from '../../policy/index.ts';
import type { Coverage } from '../coverage.ts';
import type { NameRank } from '../edge.ts';
import type { SeenStarts } from '../find-starts.ts';
import type { FlowMap } from '../flow-map.ts';
import type { Inventory } from '../inventory.ts';
import type { Regularity, SeenDays } from '../lake.ts';
import type { DeclaredEndpoint, InitiatorProof } from '../observation.ts';
import type { ApartReason } from './apart-reasons.ts';

/** What a person may turn about a proposal. */
export interface ProposeSettings {
  /** Only this service; null proposes for all. */
  readonly service: string | null;
  /** How many distinct names under one registrable domain a wildcard needs. */
  readonly wildcardFrom: number;
  /** Hours of the day (UTC, bit 0 midnight) in which nobody works. */
  readonly nightHours: number;
}

/** The policy that is there, with the texts that it was read from. */
export interface PresentPolicy {
  readonly policy: CompiledPolicy;
  readonly tree: PolicyTree;
  readonly files: readonly PolicyFileText[];
}

/** What a proposal is made from: the unfiltered map of a window, and what else the lake knows of it. */
export interface ProposeParts {
  readonly map: FlowMap;
  readonly seenDays: readonly SeenDays[];
  readonly starts: readonly SeenStarts[];
  readonly regularity: readonly Regularity[];
  readonly declared: readonly DeclaredEndpoint[];
  readonly inventory: Inventory;
  readonly present: PresentPolicy | null;
}

/** What an entry rests on. Sums over the edges that it covers; days are those of the edge that was seen most. */
export interface Evidence {
  readonly days: number;
  readonly observedDays: number;
  readonly connections: number;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly denied: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** The weakest rank and the weakest initiator proof among the edges. */
  readonly rank: NameRank;
  readonly initiator: InitiatorProof;
  readonly isSampled: boolean;
  readonly formats: readonly string[];
  readonly sources: readonly string[];
  /** `file:line` of declarations; null where no configuration was ingested. */
  readonly declaredAt: readonly string[] | null;
}

/** One entry of an `allow:` list. `to` is canonical. `names` are those seen under a wildcard, else empty. */
export interface ProposedEntry {
  readonly to: string;
  readonly via: readonly string[];
  readonly sniNone: boolean;
  readonly names: readonly string[];
  readonly evidence: Evidence;
  /** What a reviewer should know beside the evidence. */
  readonly notes: readonly string[];
}

/** Something seen that is not proposed. `to` is what an entry for it would say; null where the grammar has none. */
export interface ApartEntry {
  readonly to: string | null;
  readonly via: readonly string[];
  readonly sniNone: boolean;
  readonly destination: string;
  readonly reasons: readonly { readonly reason: ApartReason; readonly detail: string | null }[];
  readonly evidence: Evidence;
}

/** How far history reaches for a service. `ready` never before 14 days with a month end. */
export interface Readiness {
  readonly isReady: boolean;
  /** Days on which the service was seen, and all days from its first to its last. */
  readonly days: number;
  readonly spanDays: number;
  /** Distinct weekdays seen, 0 to 7. */
  readonly weekdays: number;
  readonly weekend: boolean;
  readonly monthEnd: boolean;
  /** How often an instance of it began on a day on which it was seen; null where no export of pods or machines tells it. */
  readonly restarts: number | null;
  /** Edges first seen in the last seven days of the window: a service that still changes. */
  readonly newEdges: number;
  /** What is missing, as sentences; empty when ready. */
  readonly lacks: readonly string[];
  /** What configuration declares for it and nobody saw, with schedules where there are any. */
  readonly unseen: readonly DeclaredEndpoint[];
}

/** An identity line of a document, with a comment; `text` is YAML of the grammar. */
export interface ProposedIdentity {
  readonly yaml: string;
  readonly comment: string | null;
}

/** What is proposed for one service. */
export interface ProposedService {
  readonly principal: string;
  readonly service: string;
  readonly owner: string;
  readonly kind: 'app' | 'build' | 'operator' | 'agent';
  /** The document of the present policy that it extends; null for a new one. */
  readonly extendsFile: string | null;
  readonly identities: readonly ProposedIdentity[];
  readonly isIdentityKnown: boolean;
  readonly entries: readonly ProposedEntry[];
  readonly apart: readonly ApartEntry[];
  /** Edges that the present policy allows already. */
  readonly alreadyAllowed: number;
  readonly neighbour: string;
  readonly readiness: Readiness;
}

/** A file as it would be written: path relative to the policy folder. */
export interface ProposedFile {
  readonly path: string;
  readonly text: string;
}

/** A whole proposal. */
export interface Proposal {
  readonly services: readonly ProposedService[];
  readonly files: readonly ProposedFile[];
  /** Declared endpoints never seen that belong to no proposed service. */
  readonly unseen: readonly DeclaredEndpoint[];
  readonly coverage: Coverage;
  readonly policyVersion: string | null;
  readonly noPolicy: string | null;
}
