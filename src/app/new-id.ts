import { randomBytes } from 'node:crypto';
import type { NewId } from '../base/index.ts';

// Crockford base32: no I, L, O, U (github.com/ulid/spec).
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const poolBytes = 4_096;
const randomBytesPerId = 16;

/** Makes ULIDs: 10 characters of time, 16 of randomness from the system's generator, which is read a page at a time. */
export function createNewId(): NewId {
  let pool = randomBytes(poolBytes);
  let used = 0;
  return (nowMs) => {
    if (used + randomBytesPerId > pool.length) {
      pool = randomBytes(poolBytes);
      used = 0;
    }
    let text = timeText(nowMs);
    // Five bits of each byte: 80 bits in all.
    for (let index = 0; index < randomBytesPerId; index += 1) text += alphabet[(pool[used + index] ?? 0) & 31];
    used += randomBytesPerId;
    return text;
  };
}

function timeText(nowMs: number): string {
  let rest = Math.max(0, Math.trunc(nowMs));
  let text = '';
  for (let index = 0; index < 10; index += 1) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
