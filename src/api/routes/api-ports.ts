import type { Actor } from '../../audit/index.ts';
import type { Clock, Digest, NewId, Result } from '../../base/index.ts';
import type {
  AllowedTraffic,
  Directory,
  ExceptionCommand,
  ExceptionSpec,
  ExceptionState,
  GrantUsage,
  Ledger,
  PeopleCommand,
  SetupLink,
  View,
  ViewKind,
} from '../../exceptions/index.ts';
import type { DecisionRecord, ExceptionFacts, VerdictRecord } from '../../policy/index.ts';
import type { Once } from '../call.ts';
import type {
  AssertionBody,
  OpenAnswer,
  OpenEvidenceAnswer,
  OpenQuery,
  OverviewAnswer,
  RegistrationBody,
} from '../contract/index.ts';
import type { AuditPort } from './audit-port.ts';
import type { DraftMapPort, FlowMapPort } from './flow-map-routes.ts';
import type { PolicySource } from './policy-ports.ts';

/** An act as a handler asks for it. */
export interface AskedByApi<C> {
  readonly id: string;
  readonly command: C;
  readonly actor: Actor;
  readonly ifMatch: number | null;
  readonly once: Once | null;
}

/** What became of it. */
export interface ActedForApi {
  readonly id: string;
  readonly seq: number;
  readonly isDurable: boolean;
  readonly isConfirmed: boolean;
  readonly isReplay: boolean;
}

/** A fresh secret with its id, and the hash that is kept of it (SHA-256, hex). `text` is what its holder sends. */
export interface NewSecret {
  readonly id: string;
  readonly text: string;
  readonly hash: string;
}

/** Verifies an Ed25519 signature. `publicKey` is SPKI in base64, `signature` base64. Anything malformed is false. */
export type VerifySignature = (publicKey: string, bytes: Uint8Array, signature: string) => boolean;

/** A rule as an explanation of the policy tells it. */
export interface ToldRule {
  readonly id: string;
  readonly list: string;
  readonly to: string;
  readonly reason: string;
  readonly file: string;
  readonly line: number;
}

/** Why a decision came out as it did, by the policy that decided. */
export interface ToldDecision {
  readonly matched: readonly ToldRule[];
  readonly misses: readonly (ToldRule & { readonly why: string })[];
  readonly mend: string;
}

/** The records of the points. A place is a text that names where in them something stands. */
export interface DecisionSource {
  /**
   * Takes records from the newest on, or from before a place, as far back as one answer may look. `take` says whether to go on; `end`: nothing
   * further back is wanted. Gives the place to go on from, null at the end.
   */
  search(search: {
    readonly before: string | null;
    readonly isLikely: (line: string) => boolean;
    readonly take: (record: DecisionRecord) => boolean | 'end';
  }): Promise<string | null>;
  /** Where the newest record ends now, null while there is none. */
  end(): string | null;
  isPlace(text: string): boolean;
  /** Records as they come, after a place; null: from the oldest. Ends with the signal. */
  follow(
    after: string | null,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly record: DecisionRecord; readonly place: string }>;
  find(id: string): Promise<VerdictRecord | null>;
  /** Faults: `policy_not_kept`, `policy_busy`, or that no rule was looked at. */
  explain(record: VerdictRecord): Promise<Result<ToldDecision>>;
}

/** What passkeys are verified with. Faults of `party`: `passkeys_off`; of the others `passkey_refused`, in words that hold nothing sent. */
export interface PasskeyPorts {
  readonly party: Result<{ readonly id: string; readonly origin: string }>;
  readonly algorithms: readonly number[];
  verifyRegistration(
    sent: Omit<RegistrationBody, 'transports'>,
    challenge: string,
  ): Promise<Result<{ readonly credentialId: string; readonly publicKey: string; readonly signCount: number }>>;
  verifyAssertion(
    sent: AssertionBody,
    passkey: { readonly credentialId: string; readonly publicKey: string },
    challenge: string,
  ): Promise<Result<{ readonly signCount: number }>>;
}

/** What the handlers of the API need of the house. */
export interface ApiPorts {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly digest: Digest;
  readonly ledger: Pick<Ledger, 'views' | 'viewHeads' | 'viewsOf' | 'view' | 'entries' | 'entriesOf'>;
  readonly directory: () => Directory;
  readonly exceptions: () => ReadonlyMap<string, ExceptionState>;
  /** Of views whose exceptions are not among those, the states. */
  readonly endedStates: (heads: readonly Pick<View, 'id' | 'seq'>[]) => Promise<ReadonlyMap<string, ExceptionState>>;
  readonly seqOf: (kind: ViewKind, id: string) => number | null;
  readonly actOnException: (asked: AskedByApi<ExceptionCommand>) => Promise<Result<ActedForApi>>;
  readonly actOnPeople: (asked: AskedByApi<PeopleCommand>) => Promise<Result<ActedForApi>>;
  /** What the policy in force says of a spec. Faults: `no_policy`, `policy_busy`, those of spelling. */
  readonly factsOf: (spec: Pick<ExceptionSpec, 'service' | 'to' | 'via'>) => Promise<Result<ExceptionFacts>>;
  readonly grantUsage: () => ReadonlyMap<string, GrantUsage>;
  /** What 30 days let out in all, and what of it only grants justified. */
  readonly traffic: () => { readonly all: AllowedTraffic; readonly byGrantOnly: AllowedTraffic };
  readonly newToken: (nowMs: number) => NewSecret;
  /** Whether a secret is that of a hash; takes the same time whatever it is. */
  readonly isSecret: (secret: string, hash: string) => boolean;
  readonly setupLink: (id: string) => Promise<SetupLink | null>;
  readonly verifySignature: VerifySignature;
  readonly passkeys: PasskeyPorts;
  readonly decisions: DecisionSource;
  readonly policies: PolicySource;
  readonly listOpen: (query: OpenQuery) => Promise<Result<OpenAnswer>>;
  /** Evidence of that, which is an act of who takes it. */
  readonly exportOpen: (query: OpenQuery, actor: Actor) => Promise<Result<OpenEvidenceAnswer>>;
  readonly overview: () => Promise<OverviewAnswer>;
  readonly flowMap: FlowMapPort;
  readonly draftMap: DraftMapPort;
  readonly audit: AuditPort;
  /** Takes down that somebody signed in or out. */
  readonly noteSession: (action: 'session.opened' | 'session.ended', actor: Actor) => Promise<void>;
  readonly resetClock: (
    actor: Actor,
    reason: string,
  ) => Promise<Result<{ readonly before: string; readonly after: string }>>;
}
