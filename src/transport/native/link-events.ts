/** Which of the two sockets of a connection: 0 the client's, 1 the upstream's. */
export type SideNumber = 0 | 1;

/** A connection of a thread. A slot is used again, with the next generation. */
export interface LinkId {
  readonly slot: number;
  readonly generation: number;
}

/** The type of a command that is of one side. */
export function ofSide(type: number, side: SideNumber): number {
  return type | (side << 8);
}

/** The type of a command with its flag set or not. */
export function flagged(type: number, isSet: boolean): number {
  return isSet ? type | (1 << 16) : type;
}

/** Who is told what happens to a connection. `epoch` says of which upstream it is: each one that is dropped counts it up. */
export interface LinkEvents {
  readonly generation: number;
  readonly epoch: number;
  /** It is known now, and may tell the thread what to do. */
  start(): void;
  /** The bytes are the owner's. */
  onBytes(side: SideNumber, bytes: Uint8Array): void;
  onEnd(side: SideNumber): void;
  /** A socket broke. Of the client: the connection is gone. */
  onLost(side: SideNumber): void;
  onDrained(side: SideNumber): void;
  onDialled(target: number): void;
  onDialFailed(errnos: readonly number[]): void;
  /** The relay is over and the connection gone. */
  onOver(by: SideNumber, relayedUp: number, relayedDown: number): void;
  /** The deadline came, or the connection was idle or open too long. */
  onDue(isSpent: boolean): void;
  /** The last answer was flushed and the connection is gone. */
  onClosed(): void;
  /** The flow stands until it is granted bytes: so many are there. */
  onBudget(side: SideNumber, bytes: number): void;
  /** The client's descriptor, which is the owner's from now on. */
  onDetached(fd: number): void;
}

/** A connection that was accepted. Addresses are words as in `IpAddress`; `local` is null where it is that of the listener. */
export interface AcceptedSocket extends LinkId {
  readonly listener: number;
  readonly peer: readonly number[];
  readonly peerPort: number;
  readonly local: readonly number[] | null;
  readonly localPort: number;
}

/** Where an attempt to connect goes to, or comes from. */
export interface WireTarget {
  readonly words: readonly number[];
  readonly port: number;
}
