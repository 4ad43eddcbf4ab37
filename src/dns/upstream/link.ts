/** A connection that carries many questions at once. A tag tells them apart, 0 to 65535. */
export interface Link {
  send(tag: number, packet: Uint8Array): void;
  /** Nobody waits for this answer any more. */
  forget(tag: number): void;
  destroy(): void;
}

/** What a link tells. After `onBroken`, which is told once, it tells nothing more. */
export interface LinkEvents {
  onMessage(tag: number, bytes: Uint8Array): void;
  /** One question failed, the link goes on. `why` starts lower-case and is for people. */
  onFailed(tag: number, why: string): void;
  /** The server takes no new questions here; those that wait may still be answered. */
  onRetired(): void;
  onBroken(why: string): void;
}

/** Opens a link; questions may be sent at once and wait for it. */
export type OpenLink = (events: LinkEvents) => Link;

/** Said of a connection that ended without an error. */
export const closedByServer = 'the server closed the connection';
