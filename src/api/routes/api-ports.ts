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
} from '../../exceptions/index.ts';
import type { ExceptionFacts } from '../../policy/index.ts';
import type { Once } from '../call.ts';
import type { AuditState, OpenAnswer, OpenQuery } from '../contract/index.ts';

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
  readonly seqOf: (kind: 'exception' | 'person' | 'token' | 'key', id: string) => number | null;
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
  readonly listOpen: (query: OpenQuery) => Promise<Result<OpenAnswer>>;
  readonly auditState: () => Promise<AuditState>;
  readonly resetClock: (
    actor: Actor,
    reason: string,
  ) => Promise<Result<{ readonly before: string; readonly after: string }>>;
}
