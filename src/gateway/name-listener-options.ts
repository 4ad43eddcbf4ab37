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
import type { TransportDriver } from '../transport/index.ts';

/** What the listener of the name plane is made of. */
export interface NameListenerOptions {
  readonly policy: PolicyHolder;
  /** The three questions: who is it, may it, may it be dialled. `app` hands in those of `identity` and `policy`. */
  readonly judge: Judge;
  readonly resolver: Resolver;
  readonly records: RecordSink;
  /** What may still pass under capped grants. */
  readonly budgets: BudgetBook;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Ports on which what is no TLS is read as HTTP, whatever its method: `80`. On the others only what begins with a known method is. */
  readonly httpPorts: ReadonlySet<number>;
  /** Rises whenever a source may be somebody else than before: who was identified earlier is identified again. Default: never. */
  readonly generation?: () => number;
  /** Default: every limit of `enforcement/limits.ts`. */
  readonly limits?: Partial<SessionLimits>;
  /** What happens while records cannot be kept. Default: `auto`, which blocks only what a grant alone justifies. */
  readonly onFull?: 'auto' | 'block' | 'count';
  /** Base of the link that a page of denial carries where an exception can mend it. Default: none, no link. */
  readonly requestBase?: string | null;
  /** Is told what happens. Default: nobody is. */
  readonly observer?: ProxyObserver;
  /** What moves the bytes. Default: the driver over `node:net`. */
  readonly driver?: TransportDriver;
}
