import { createHmac, randomBytes } from 'node:crypto';

/**
 * The DNS cookies of all servers (RFC 7873): what a forger beside the path cannot know. A server that sent one keeps sending it, so that
 * from then on a response without it is not believed.
 */
export interface CookieJar {
  /** What to send to a server: 8 bytes of ours, followed by the server's own when it is known. */
  cookieFor(server: string): Uint8Array;
  /** Whether the cookie of a response (null: there is none) proves that the server saw our query, or may be missing. Learns its part. */
  take(server: string, cookie: Uint8Array | null): boolean;
  /** As `take`, for a response over TCP, which proves itself: a server that sends no cookie there does not do cookies any more. */
  takeByTcp(server: string, cookie: Uint8Array | null): boolean;
}

const clientBytes = 8;
/** RFC 7873 section 4: a server's part has 8 to 32 bytes. */
const leastServerBytes = 8;
const mostServerBytes = 32;

/** Makes a jar with a secret of its own, for at most `maxServers` servers; past it the one learned first is forgotten. */
export function createCookieJar(maxServers: number): CookieJar {
  const secret = randomBytes(32);
  const learned = new Map<string, Uint8Array>();
  const ownPart = (server: string): Buffer =>
    createHmac('sha256', secret).update(server).digest().subarray(0, clientBytes);
  const learn = (server: string, part: Uint8Array): void => {
    if (part.length < leastServerBytes || part.length > mostServerBytes) return;
    const oldest = learned.size >= maxServers && !learned.has(server) ? learned.keys().next().value : undefined;
    if (oldest !== undefined) learned.delete(oldest);
    learned.set(server, part);
  };
  const take = (server: string, cookie: Uint8Array | null): boolean => {
    if (cookie === null) return !learned.has(server);
    if (!ownPart(server).equals(cookie.subarray(0, clientBytes))) return false;
    learn(server, cookie.slice(clientBytes));
    return true;
  };
  return {
    cookieFor: (server) => Buffer.concat([ownPart(server), learned.get(server) ?? new Uint8Array()]),
    take,
    takeByTcp: (server, cookie) => {
      if (cookie !== null) return take(server, cookie);
      learned.delete(server);
      return true;
    },
  };
}
