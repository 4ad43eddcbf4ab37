import type { Result } from '../base/index.ts';
import type { ProofOutcome } from '../identity/index.ts';
import type { ApprovedAddress, CloseRecord } from '../policy/index.ts';
import type { Side } from './command.ts';
import type { Resolution } from './ports.ts';

/** Who or what ended a connection. */
export type EndedBy = CloseRecord['endedBy'];

/**
 * What a driver answers; `done` begins the conversation. Any command may be answered by `over` (the sockets are gone, tell why) or `deadline` (the armed one).
 * Bytes belong to the conversation from then on.
 */
export type SessionEvent =
  | { readonly type: 'done' }
  | { readonly type: 'bytes'; readonly side: Side; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly side: Side }
  | { readonly type: 'secured'; readonly chain: readonly Uint8Array[] }
  | { readonly type: 'verified'; readonly outcome: ProofOutcome }
  | { readonly type: 'resolved'; readonly result: Result<Resolution> }
  | { readonly type: 'dialled'; readonly address: ApprovedAddress | null }
  | { readonly type: 'dial_failed'; readonly why: string }
  | { readonly type: 'deadline' }
  | { readonly type: 'over'; readonly by: EndedBy };
