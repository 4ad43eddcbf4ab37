import type { DestinationClass, IpPrefix, Target } from '../destination/index.ts';
import type { LocalName, Strength } from '../identity/index.ts';
import type { QueryType } from './query-types.ts';
import type { Reason } from './reasons.ts';
import type { Tiers } from './tiers.ts';

/** Where something stands in a policy file: path relative to the policy folder, line and column from 1. */
export interface SourceAt {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What every document has. */
interface DocumentBase {
  readonly owner: string;
  readonly at: SourceAt;
}

/** One way to prove an identity, as a policy writes it. `text` is its one spelling, used in records and conflicts. */
export type IdentityTerm =
  | { readonly kind: 'spiffe'; readonly id: string; readonly text: string }
  | { readonly kind: 'credential'; readonly name: string; readonly text: string }
  | { readonly kind: 'source'; readonly prefix: IpPrefix; readonly text: string }
  | { readonly kind: 'local'; readonly name: LocalName; readonly text: string }
  | { readonly kind: 'leased'; readonly name: string; readonly text: string }
  | {
      readonly kind: 'token';
      readonly issuer: string;
      readonly claims: Readonly<Record<string, string>>;
      readonly text: string;
    };

/** One entry of `identities:`; all its terms must hold together (one term where no `all:` was written). */
export interface IdentityNode {
  readonly terms: readonly IdentityTerm[];
  readonly at: SourceAt;
}

/** What an entry points at: a target, or the members of a `destinations` document (`@name`). */
export type ToNode =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'reference'; readonly name: string };

/** One entry of `allow:` or `deny:`. `via` names segments; `crossing` names the two environments that it joins. */
export interface RuleNode {
  readonly to: ToNode;
  readonly reason: string;
  readonly via: readonly string[];
  readonly crossing: { readonly from: string; readonly to: string } | null;
  readonly ech: boolean;
  readonly sniNone: boolean;
  readonly strength: Strength | null;
  /** DNS queries beside the usual ones that may be asked of its names. */
  readonly queries: readonly QueryType[];
  readonly at: SourceAt;
}

/** One entry of `tests:`. `as` is an identity text of the service (default: its first). */
export interface PolicyTestNode {
  readonly expect: 'allow' | 'deny';
  readonly to: string;
  readonly because: Reason | null;
  readonly as: string | null;
  readonly at: SourceAt;
}

/** A `service:` document. `observeUntil` is epoch milliseconds. */
export interface ServiceNode extends DocumentBase {
  readonly kind: 'service';
  readonly name: string;
  readonly serviceKind: 'app' | 'build' | 'operator' | 'agent';
  readonly mode: 'observe' | 'enforce';
  readonly observeUntil: number | null;
  readonly identities: readonly IdentityNode[];
  readonly allow: readonly RuleNode[];
  readonly deny: readonly RuleNode[];
  readonly tests: readonly PolicyTestNode[];
}

/** A `destinations:` document: a named list that rules refer to, and a class for what it names. */
export interface DestinationsNode extends DocumentBase {
  readonly kind: 'destinations';
  readonly name: string;
  readonly class: DestinationClass;
  readonly members: readonly { readonly target: Target; readonly at: SourceAt }[];
}

/** A `boundary:` document: what nobody exceeds. */
export interface BoundaryNode extends DocumentBase {
  readonly kind: 'boundary';
  readonly deny: readonly RuleNode[];
  readonly requires: readonly {
    readonly class: DestinationClass;
    readonly strength: Strength | null;
    readonly from: readonly string[];
    readonly at: SourceAt;
  }[];
  readonly revoked: readonly { readonly identity: string; readonly reason: string; readonly at: SourceAt }[];
}

/** One named segment: private ranges with an environment (null: shared by all). */
export interface SegmentNode {
  readonly name: string;
  readonly ranges: readonly IpPrefix[];
  readonly environment: string | null;
  readonly at: SourceAt;
}

/** A `segments:` document. */
export interface SegmentsNode extends DocumentBase {
  readonly kind: 'segments';
  readonly segments: readonly SegmentNode[];
}

/** A `space:` document: who owns which part of the tree and what it may claim. `path` and `identities` are globs. */
export interface SpaceNode extends DocumentBase {
  readonly kind: 'space';
  readonly name: string;
  readonly path: string;
  readonly owners: readonly string[];
  readonly environment: string | null;
  readonly identities: readonly string[];
}

/** An `unattributed:` document: sources without an identity, observed until a date (epoch milliseconds). */
export interface UnattributedNode extends DocumentBase {
  readonly kind: 'unattributed';
  readonly sources: readonly IpPrefix[];
  readonly until: number;
  readonly reason: string;
}

/** A `tiers:` document: what exceptions need and how long they last, filled in. At most one per policy. */
export interface TiersNode extends DocumentBase {
  readonly kind: 'tiers';
  readonly tiers: Tiers;
}

/** Any document of a policy. */
export type PolicyDocument =
  | ServiceNode
  | DestinationsNode
  | BoundaryNode
  | SegmentsNode
  | SpaceNode
  | UnattributedNode
  | TiersNode;

/** A parsed policy: every document in order of path and place. Immutable. */
export interface PolicyTree {
  readonly documents: readonly PolicyDocument[];
}
