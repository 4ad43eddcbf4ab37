/**
 * A checksum of words against damage (not against forgery: the snapshot's signature does that). Four lanes, so that a large
 * policy takes tens of milliseconds. Unsigned.
 */
export function checksumWords(words: Uint32Array, from: number, to: number): number {
  let a = 0x9e3779b1 | 0;
  let b = 0x85ebca6b | 0;
  let c = 0xc2b2ae35 | 0;
  let d = 0x27d4eb2f | 0;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    a = Math.imul(a ^ (words[i] as number), 0x01000193) + 1;
    b = Math.imul(b ^ (words[i + 1] as number), 0x01000193) + 3;
    c = Math.imul(c ^ (words[i + 2] as number), 0x01000193) + 5;
    d = Math.imul(d ^ (words[i + 3] as number), 0x01000193) + 7;
    a ^= a >>> 17;
    b ^= b >>> 15;
    c ^= c >>> 13;
    d ^= d >>> 14;
  }
  for (; i < to; i++) a = Math.imul(a ^ (words[i] as number), 0x01000193) + 1;
  return finish(a, finish(b, finish(c, finish(d, to - from))));
}

function finish(lane: number, mixed: number): number {
  const next = Math.imul(lane ^ mixed ^ (lane >>> 16), 0x85ebca6b);
  return (next ^ (next >>> 13)) >>> 0;
}
