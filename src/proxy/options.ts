import type { SecureContext } from 'node:tls';
import type { Clock, NewId } from '../base/index.ts';
import type {
  BudgetBook,
  Judge,
  PolicyHolder,
  ProxyObserver,
  RecordSink,
  Resolver,
  SessionLimits,
} from '../enforcement/index.ts';
import type { ProofVerifier } from '../identity/index.ts';
import type { TransportDriver } from '../transport/index.ts';

/** What a proxy listener is made of. */
export interface ProxyListenerOptions {
  readonly policy: PolicyHolder;
  readonly verifier: ProofVerifier;
  readonly resolver: Resolver;
  readonly records: RecordSink;
  /** What may still pass under capped grants. */
  readonly budgets: BudgetBook;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Default: every limit of `enforcement/limits.ts`. */
  readonly limits?: Partial<SessionLimits>;
  /** TLS from clients. Default: none, a client that starts TLS is reset. */
  readonly tls?: ProxyTls | null;
  /** Whether Basic and Bearer are taken in clear text from other machines. Default: false, they are refused. */
  readonly allowCleartextProof?: boolean;
  /** What happens while records cannot be kept. Default: `auto`, which blocks only what a grant alone justifies. */
  readonly onFull?: 'auto' | 'block' | 'count';
  /** A parent proxy that every flow goes through: `http://user:secret@parent.example:3128`. Default: none. */
  readonly upstreamProxy?: string | null;
  /** Base of the link that a denial carries where an exception can mend it: `https://exeat.example.com`. Default: none, no link. */
  readonly requestBase?: string | null;
  /** Whether `GET /proxy.pac` is answered on the proxy port. Default: true. */
  readonly servesPac?: boolean;
  /** Is told what happens. Default: nobody is. */
  readonly observer?: ProxyObserver;
  /** What moves the bytes. Default: the driver over `node:net`. */
  readonly driver?: TransportDriver;
  /** The three questions: who is it, may it, may it be dialled. `app` hands in those of `identity` and `policy`. */
  readonly judge: Judge;
}

/** The proxy's own certificate, and whether clients are asked for theirs. Asked at every handshake, so a reload needs no restart. */
export interface ProxyTls {
  context(): SecureContext;
  readonly requestCertificate: boolean;
}
