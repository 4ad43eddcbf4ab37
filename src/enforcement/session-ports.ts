import type { Clock, NewId } from '../base/index.ts';
import type { Destination, IpAddress } from '../destination/index.ts';
import type { EvidenceSet, Identification, PrincipalDirectory, ProofVerifier } from '../identity/index.ts';
import type {
  ApprovedAddress,
  CompiledPolicy,
  DecisionFacts,
  DecisionRequest,
  NetworkFacts,
  PointKind,
  Reason,
  Verdict,
} from '../policy/index.ts';
import type { BlockingCommand, ImmediateCommand } from './command.ts';
import type { SessionEvent } from './event.ts';
import type { SessionLimits } from './limits.ts';
import type { LiveFlow } from './live-flow.ts';
import type { ProxyObserver } from './observer.ts';
import type { BudgetBook, RecordSink, Resolver } from './ports.ts';
import type { RepeatedDenials } from './repeated-denials.ts';

/** The policy in force and what the deciding moment adds; asked anew for every decision. */
export interface PolicyHolder {
  /** Null: no good policy was ever loaded, so everything is denied. */
  current(): CompiledPolicy | null;
  facts(): DecisionFacts;
  network(): NetworkFacts;
}

/** Which addresses of an answer may be dialled; `reason` says why none, or why loopback (`local_origin`). */
export interface Approval {
  readonly approved: readonly ApprovedAddress[];
  /** What a connection to each of them may carry, in the same order. */
  readonly admissions: readonly Verdict['admission'][];
  /** Which grant justifies each of them, in the same order; null for a rule. */
  readonly grantIds: readonly (string | null)[];
  readonly refused: readonly { readonly address: IpAddress; readonly reason: Reason; readonly why: string }[];
  readonly reason: Reason | null;
}

/** The three questions, as pure functions of `identity` and `policy`. A throw of any of them is a deny. */
export interface Judge {
  identify(directory: PrincipalDirectory, evidence: EvidenceSet, nowMs: number): Identification;
  decide(policy: CompiledPolicy, request: DecisionRequest): Verdict;
  approve(
    policy: CompiledPolicy,
    request: DecisionRequest,
    verdict: Verdict,
    answer: { readonly addresses: readonly IpAddress[]; readonly network: NetworkFacts },
  ): Approval;
}

/**
 * Counts connections: per source from the accept until who asks is known, then per service, from who asks being known to the end of the
 * connection.
 */
export interface FlowRegistry {
  /** Takes a place for a connection that has proven nothing; false when its source has none left. Each true: one `settle`. */
  arrive(source: string): boolean;
  settle(source: string): void;
  /** Takes a place for the service; false when its places or all are taken. Each true is followed by one `leave`. */
  enter(service: string): boolean;
  leave(service: string): void;
}

/** The settings of a listener that conversations obey. */
export interface SessionSettings {
  /** Which enforcement point the listener is of: what its records say. */
  readonly point: PointKind;
  readonly limits: SessionLimits;
  /** Whether Basic and Bearer are taken in clear text from another machine. */
  readonly allowCleartextProof: boolean;
  /** What happens to allowed flows while records cannot be kept. `auto` counts, and blocks what only a grant justifies. */
  readonly onFull: 'auto' | 'block' | 'count';
  /** A random name of this listener; it marks requests (`Via`) so that one which comes back is known. */
  readonly viaName: string;
  /** The parent proxy, if every flow goes through one: the text of its authority and credentials. */
  readonly parent: { readonly authorization: string | null } | null;
  /** Base of the link to ask for an exception, or null for none. */
  readonly requestBase: string | null;
  /** The PAC file for a client that connected to this authority, or null where none is served. */
  readonly pac: ((authority: string) => string) | null;
}

/** What every conversation is given. */
export interface SessionPorts {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly policy: PolicyHolder;
  readonly judge: Judge;
  readonly verifier: ProofVerifier;
  readonly resolver: Pick<Resolver, 'holds'>;
  readonly records: Pick<RecordSink, 'isKeeping'>;
  readonly budgets: BudgetBook;
  /** Counts denials that repeat; its sums are written by the listener. */
  readonly denials: Pick<RepeatedDenials, 'note'>;
  readonly registry: FlowRegistry;
  readonly observer: ProxyObserver;
  readonly settings: SessionSettings;
}

/** Where a client aimed at. */
export interface AimedAt {
  readonly address: IpAddress;
  readonly port: number;
}

/** Who connected, and what the driver counts. `source` is canonical text. The session sets `flow` while one is live. */
export interface ConnectionFacts {
  readonly sourceAddress: string;
  readonly source: string;
  readonly isLoopback: boolean;
  /** The authority that the client connected to: `127.0.0.1:3128`. */
  readonly localAuthority: string;
  /** The local end of the connection: ours, or behind TPROXY wherever the client aimed at. Null once the socket is gone. */
  readonly aimed: AimedAt | null;
  /** Whether this connection is past the listener's limit: it is told so and closed. */
  readonly isPastLimit: boolean;
  readonly bytesUp: number;
  readonly bytesDown: number;
  flow: LiveFlow | null;
  /** Does something at once. Never throws: what goes wrong ends the connection, which is the answer to whatever is asked next. */
  tell(command: ImmediateCommand): void;
  /** Asks: the answer where it is there already, else null; then it resumes the conversation that waits for it. Never throws. */
  ask(command: BlockingCommand): SessionEvent | null;
}

/** A request to judge a destination for a principal, with what the moment adds. */
export function decisionRequest(
  ports: SessionPorts,
  principal: DecisionRequest['principal'],
  destination: Destination,
): DecisionRequest {
  return { principal, destination, facts: ports.policy.facts(), now: ports.clock.now() };
}
