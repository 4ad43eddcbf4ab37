import { type IpAddress, unmapPeerAddress } from '../destination/index.ts';
import type { ConnectionFacts } from '../enforcement/index.ts';

/** What a listener knows of a connection when it is accepted. */
export type PeerFacts = Pick<ConnectionFacts, 'sourceAddress' | 'source' | 'isLoopback' | 'isPastLimit'>;

/** The facts of who connected from an address and port. */
export function peerFactsOf(address: IpAddress, port: number, isPastLimit: boolean): PeerFacts {
  const peer = unmapPeerAddress(address);
  return {
    sourceAddress: peer.text,
    source: peer.family === 6 ? `[${peer.text}]:${port}` : `${peer.text}:${port}`,
    isLoopback: isLoopback(peer),
    isPastLimit,
  };
}

function isLoopback(peer: IpAddress): boolean {
  return peer.family === 4 ? (peer.words[0] ?? 0) >>> 24 === 127 : peer.text === '::1';
}
