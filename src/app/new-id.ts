import { randomBytes } from 'node:crypto';
import type { NewId } from '../base/index.ts';

// Crockford base32: no I, L, O, U (github.com/ulid/spec).
const codes = Buffer.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 'latin1');
const poolBytes = 4_096;
const timeChars = 10;
const randomChars = 16;

/** Makes ULIDs: 10 characters of time, 16 of randomness from the system's generator, which is read a page at a time. */
export function createNewId(): NewId {
  // Written as bytes and made a text once: adding up 26 characters made as many strings, 4 % of all that a connection allocated.
  const text = Buffer.alloc(timeChars + randomChars);
  let pool = randomBytes(poolBytes);
  let used = 0;
  return (nowMs) => {
    if (used + randomChars > pool.length) {
      pool = randomBytes(poolBytes);
      used = 0;
    }
    writeTime(text, nowMs);
    // Five bits of each byte: 80 bits in all.
    for (let at = 0; at < randomChars; at += 1) text[timeChars + at] = codes[(pool[used + at] ?? 0) & 31] ?? 0;
    used += randomChars;
    return text.toString('latin1');
  };
}

function writeTime(text: Buffer, nowMs: number): void {
  let rest = Math.max(0, Math.trunc(nowMs));
  for (let at = timeChars - 1; at >= 0; at -= 1) {
    text[at] = codes[rest % 32] ?? 0;
    rest = Math.floor(rest / 32);
  }
}
