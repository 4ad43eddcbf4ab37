import type { Actor, NewEntry } from '../../audit/index.ts';
import type { Digest } from '../../base/index.ts';
import type { ExceptionFacts } from '../../policy/index.ts';
import type { NewView } from '../ledger.ts';
import type { AccessWorld } from '../people/authorise.ts';
import type { ExceptionState } from './exception-state.ts';

/**
 * What a transition may know besides the state and the command: plain data, read before it is asked.
 *
 * | command | needs besides `nowMs`, `directory`, `digest` |
 * |---|---|
 * | `submit`, `edit`, `declare` | `facts` of the command's spec; `related` (`relatedQueries`) |
 * | `approve`, `resume` | `facts` of the state's spec; `related` |
 * | `close` | `points`, `sequence` |
 * | `learn` | `facts` of the document's spec where there is a policy; `offlineDoubts` |
 * | the others | nothing |
 */
export interface World extends AccessWorld {
  /** What the policy in force says of the service and the target; null where none is in force. */
  readonly facts: ExceptionFacts | null;
  /** Other exceptions that count together with this one, those that it extends included. */
  readonly related: readonly ExceptionState[];
  /** Every enforcement point that may hold grants, by id. */
  readonly points: readonly string[];
  /** The first list of grants that no longer holds this grant as live. */
  readonly sequence: number;
  readonly digest: Digest;
  /** The domain that an exception at hand is found by, so that ten thousand ends read no target anew. Default: read from the target. */
  readonly domainOf?: (id: string) => string | null;
}

/** What a transition writes: entries and the view after them, in one commit, and the state that they make. */
export interface Transition {
  readonly entries: readonly NewEntry[];
  readonly state: ExceptionState;
  readonly views: readonly NewView[];
}

/** A command on its way through the guards, with who gives it. */
export interface Asked<C> {
  readonly command: C;
  readonly actor: Actor;
  readonly world: World;
}
