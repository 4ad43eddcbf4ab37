import type { PresentedProof } from '../identity/index.ts';
import type { ApprovedAddress, DecisionRecord } from '../policy/index.ts';

/** One of the two sockets of a connection. */
export type Side = 'client' | 'upstream';

/** What a conversation has its driver do, without an answer: at once, in order. */
export type ImmediateCommand =
  | { readonly type: 'send'; readonly side: Side; readonly bytes: Uint8Array }
  /** Closes both sides after what is queued was sent; nothing more is read. */
  | { readonly type: 'close' }
  /** Closes both sides at once, with RST where the platform can. */
  | { readonly type: 'reset' }
  /** Closes the upstream only, so that another may be dialled. */
  | { readonly type: 'drop_upstream' }
  /** Sets the one deadline of the conversation, or takes it away with null. It is answered by `deadline` in place of the event. */
  | { readonly type: 'arm'; readonly afterMs: number | null }
  | { readonly type: 'record'; readonly record: DecisionRecord }
  /** Gives back bytes of a side that were read and not used; they are read, or relayed, next. */
  | { readonly type: 'unread'; readonly side: Side; readonly bytes: Uint8Array };

/**
 * What a conversation waits for. While `read` waits for one side, the driver hands over bytes only if the other side's queue has room
 * (back-pressure).
 */
export type BlockingCommand =
  | { readonly type: 'read'; readonly from: Side | 'either' }
  | { readonly type: 'start_tls'; readonly first: Uint8Array }
  | { readonly type: 'verify'; readonly proof: PresentedProof }
  | { readonly type: 'resolve'; readonly name: string }
  | { readonly type: 'dial'; readonly addresses: readonly ApprovedAddress[] }
  /** Dials the configured parent proxy; it has no address, so a session cannot name another. */
  | { readonly type: 'dial_parent' }
  /** Passes bytes both ways, with half-close, until both sides are done. Bytes that were read and not used go first. */
  | { readonly type: 'relay' };

/** All that a conversation asks of its driver. */
export type Command = ImmediateCommand | BlockingCommand;
