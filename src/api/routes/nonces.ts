import { randomBytes } from 'node:crypto';

/** Challenges that were given out: each for one key, once, for a while. */
export interface Nonces {
  make(key: string, nowMs: number): { readonly nonce: string; readonly untilMs: number };
  /** Uses a challenge up; false when it is not one of this key, or is over. */
  spend(nonce: string, key: string, nowMs: number): boolean;
}

/** How long a challenge is good for, in milliseconds, and how many there are. */
export interface NonceBounds {
  readonly lifeMs: number;
  readonly most: number;
}

// Time to type a reason and unlock a key. Anybody may ask for one. The oldest goes first: whoever floods us costs others a second try.
const usual: NonceBounds = { lifeMs: 10 * 60_000, most: 10_000 };

/** Makes the store; it lives as long as the process. Both bounds may be tighter. */
export function createNonces({ lifeMs, most }: NonceBounds = usual): Nonces {
  const given = new Map<string, { readonly key: string; readonly untilMs: number }>();
  return {
    make: (key, nowMs) => {
      const nonce = randomBytes(24).toString('base64url');
      const untilMs = nowMs + lifeMs;
      given.set(nonce, { key, untilMs });
      const [oldest] = given.keys();
      if (given.size > most && oldest !== undefined) given.delete(oldest);
      return { nonce, untilMs };
    },
    spend: (nonce, key, nowMs) => {
      const one = given.get(nonce);
      if (one === undefined || one.key !== key) return false;
      given.delete(nonce);
      return nowMs < one.untilMs;
    },
  };
}
