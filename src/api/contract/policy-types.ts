import type { PageQuery } from './endpoint.ts';

/** A service of the policy in force. Instants are null where nothing was seen. */
export interface ServiceRow {
  readonly name: string;
  readonly owner: string;
  readonly kind: string;
  readonly mode: 'observe' | 'enforce';
  readonly observeUntil: string | null;
  /** The file of its document, and the line. */
  readonly file: string;
  readonly line: number;
  readonly identities: readonly string[];
  readonly ruleCount: number;
  readonly testCount: number;
  /** When it was last let out; null where that was not seen within 30 days. */
  readonly lastUsed: string | null;
  /** Of its allow rules, those that were never seen to let anything out; null where nothing was counted yet. */
  readonly unusedRules: number | null;
  /** Destinations that only observe lets out, seen within 30 days. */
  readonly onlyObserved: number;
}

/** Services of the policy in force. `countedSince`: the first day of which uses are counted, null where none is. */
export interface ServicesAnswer {
  readonly policyVersion: string;
  readonly countedSince: string | null;
  /** How many match, on every page. */
  readonly total: number;
  readonly items: readonly ServiceRow[];
  readonly next: string | null;
}

/** Which services are listed. `find` is a part of the name or the owner. */
export interface ServicesQuery extends PageQuery {
  readonly find?: string | undefined;
  readonly mode?: 'observe' | 'enforce' | undefined;
}

/** One rule of a service. `since`: from when it is in force without a break; `lastUsed` is null where no use was seen. */
export interface ServiceRule {
  readonly id: string;
  readonly list: 'allow' | 'deny';
  readonly reason: string;
  readonly file: string;
  readonly line: number;
  readonly since: string | null;
  readonly lastUsed: string | null;
}

/** One destination that only observe lets out: enforce would refuse it. `draft` is the target of a rule for it, null where none is proposed. */
export interface ObservedDestination {
  readonly host: string;
  readonly port: number | null;
  /** How often since `firstSeen`, and when last. */
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Why enforce would refuse it. */
  readonly reason: string;
  readonly draft: { readonly to: string; readonly via: readonly string[] } | null;
  /** What a person should judge before it is allowed, in words. */
  readonly doubts: readonly string[];
}

/** One service with its rules and what would break if it were enforced. Lists are bounded; the counts are of everything. */
export interface ServiceAnswer {
  readonly policyVersion: string;
  readonly countedSince: string | null;
  readonly service: ServiceRow;
  readonly rules: readonly ServiceRule[];
  readonly rulesLeftOut: number;
  readonly observed: readonly ObservedDestination[];
  readonly observedLeftOut: number;
}

/** A file of the policy in force. `text` is null where the whole policy is larger than what is sent at once. */
export interface PolicyFileRow {
  readonly path: string;
  readonly bytes: number;
  readonly text: string | null;
}

/** The files of the policy in force. The product reads them from a folder, and whoever owns that folder changes them: this API proposes. */
export interface PolicyAnswer {
  readonly policyVersion: string;
  readonly inForceSince: string;
  readonly totalBytes: number;
  readonly files: readonly PolicyFileRow[];
  readonly filesLeftOut: number;
}

/** The text of one file of the policy in force. */
export interface PolicyFileAnswer {
  readonly policyVersion: string;
  readonly path: string;
  readonly text: string;
}

/** A changed policy: the version that it changes, and what each changed file would hold; null removes it. `days`: how far back it is tried. */
export interface ProposalBody {
  readonly policyVersion: string;
  readonly files: readonly { readonly path: string; readonly text: string | null }[];
  readonly days: number;
}

/** Something found in a policy, where and how to mend it. A `fault` keeps it from loading, so does a failed test. */
export interface FoundAt {
  readonly severity: 'fault' | 'test' | 'error' | 'warning' | 'note';
  readonly rule: string;
  readonly message: string;
  readonly mend: string | null;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What changes for one service and destination that was seen. */
export interface ReplayRow {
  readonly service: string;
  readonly owner: string | null;
  readonly destination: string;
  readonly ports: readonly string[];
  readonly connections: number;
  /** How often it was refused. */
  readonly denied: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly reasons: readonly string[];
  readonly ruleIds: readonly string[];
}

/** The recorded decisions of the last days under the proposal, beside the policy in force. */
export interface ReplayAnswer {
  /** How far back was asked, and how far was looked: the oldest and the newest record; null where there is none. */
  readonly wantedFrom: string;
  readonly from: string | null;
  readonly until: string | null;
  /** `whole`: everything since `wantedFrom`; `kept`: records do not go back so far; `cut`: there are more than are looked at. */
  readonly reach: 'whole' | 'kept' | 'cut';
  /** Connections that were judged again, and those of which the records say too little. */
  readonly judged: number;
  readonly leftOut: number;
  readonly newlyDenied: readonly ReplayRow[];
  readonly newlyDeniedCount: number;
  readonly newlyAllowed: readonly ReplayRow[];
  readonly newlyAllowedCount: number;
}

/** What a proposal comes to. `access` and `replay` are null where it does not load. */
export interface ProposalAnswer {
  readonly policyVersion: string;
  readonly proposedVersion: string;
  /** Whether it would be put in force: nothing keeps it from loading, and its tests hold. */
  readonly wouldLoad: boolean;
  readonly found: readonly FoundAt[];
  readonly foundLeftOut: number;
  readonly testsPassed: number;
  readonly testsFailed: number;
  readonly access: {
    readonly isWidening: boolean;
    readonly added: readonly string[];
    readonly addedCount: number;
    readonly removed: readonly string[];
    readonly removedCount: number;
  } | null;
  readonly replay: ReplayAnswer | null;
}
