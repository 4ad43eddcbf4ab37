import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Somebody at a browser. `key` names it inside only; `credential` is the token it was opened with, `seal` what a fresh secret of that changes. */
export interface Session {
  readonly key: string;
  readonly person: string;
  readonly credential: string;
  readonly seal: string;
  /** What a page of ours sends with every act: another page cannot read it. */
  readonly csrf: string;
  readonly openedAtMs: number;
  readonly lastSeenMs: number;
}

/** Sessions of browsers. They live in memory: after a restart of control everybody signs in again. */
export interface Sessions {
  /** Opens one; `text` is what the cookie holds, and kept nowhere. */
  open(
    who: Pick<Session, 'person' | 'credential' | 'seal'>,
    nowMs: number,
  ): { readonly session: Session; readonly text: string };
  /** The session of a cookie, null where it is over or unknown. `isUsed`: whether this counts as use, so that it is not idle. */
  find(text: string, nowMs: number, isUsed: boolean): Session | null;
  end(key: string): void;
}

/** Without use for so long a session is over: a lunch break, not a night. */
export const idleMs: number = 30 * 60_000;
/** However busy, a session is over after so long: a working day. */
export const longestMs: number = 12 * 3_600_000;

// Some hundred bytes each. Past it the one that was quiet longest goes, of a person first.
const mostSessions = 1_000;
const mostOfPerson = 10;

/** Makes the store. */
export function createSessions(): Sessions {
  // In order of last use, so that the first one is the one to drop.
  const sessions = new Map<string, Session>();
  const put = (session: Session): void => {
    sessions.delete(session.key);
    sessions.set(session.key, session);
  };
  return {
    open: (who, nowMs) => {
      const text = randomBytes(32).toString('base64url');
      const session = { ...who, key: keyOf(text), csrf: freshText(), openedAtMs: nowMs, lastSeenMs: nowMs };
      const own = [...sessions.values()].filter(({ person }) => person === who.person);
      for (const { key } of own.slice(0, Math.max(0, own.length + 1 - mostOfPerson))) sessions.delete(key);
      put(session);
      const [oldest] = sessions.keys();
      if (sessions.size > mostSessions && oldest !== undefined) sessions.delete(oldest);
      return { session, text };
    },
    find: (text, nowMs, isUsed) => {
      const session = sessions.get(keyOf(text));
      if (session === undefined) return null;
      if (nowMs >= session.lastSeenMs + idleMs || nowMs >= session.openedAtMs + longestMs) {
        sessions.delete(session.key);
        return null;
      }
      if (!isUsed) return session;
      const seen = { ...session, lastSeenMs: nowMs };
      put(seen);
      return seen;
    },
    end: (key) => void sessions.delete(key),
  };
}

/** Whether two texts are the same; takes the same time whatever they hold. */
export function isSameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

// Looked up by its hash: how long a look-up takes tells nothing of what would have been right.
function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function freshText(): string {
  return randomBytes(32).toString('base64url');
}
