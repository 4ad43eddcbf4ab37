import type { ListenConfig } from './config.ts';
import type { Endpoint } from './endpoint.ts';

/**
 * Why a local origin is one of our own listeners, or null. A rule that reached the proxy or the console through the proxy would be a
 * loop, and a way around what the console asks of its callers. A listener on the wildcard address takes every loopback address.
 */
export function ownListenerTrouble(localOrigins: readonly Endpoint[], listen: ListenConfig): OwnListenerTrouble | null {
  const listeners = Object.entries(listen) as readonly (readonly [string, Endpoint | null])[];
  for (const [index, origin] of localOrigins.entries()) {
    const own = listeners.find(([, listener]) => listener !== null && isReachedBy(listener, origin));
    if (own !== undefined) {
      return {
        index,
        message: `\`${origin.text}\` is our own \`listen.${own[0]}\`, a local origin must be another server`,
      };
    }
  }
  return null;
}

/** Which entry of `localOrigins` is a listener of ours, and what to say. */
export interface OwnListenerTrouble {
  readonly index: number;
  readonly message: string;
}

function isReachedBy(listener: Endpoint, origin: Endpoint): boolean {
  if (listener.port !== origin.port) return false;
  const plain = canonicalAddress(listener.address);
  return plain === canonicalAddress(origin.address) || plain === '0.0.0.0' || plain === '[::]';
}

/** The URL parser writes every IPv6 spelling in one way, so that `::1` and `0:0::1` compare equal. */
function canonicalAddress(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname : address;
}
