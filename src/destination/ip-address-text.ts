/** The dotted decimal spelling of an unsigned 32-bit word: `0xcb007107` is `203.0.113.7`. */
export function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/**
 * The RFC 5952 spelling of four words: lower case, no leading zeros, the first longest run of two or more zero groups as `::`.
 * Embedded IPv4 stays in hexadecimal, as in WHATWG URLs: one spelling for every address.
 */
export function ipv6Text(words: readonly number[]): string {
  const groups: number[] = [];
  for (const word of words) groups.push(word >>> 16, word & 0xffff);
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return hexadecimal(groups);
  return `${hexadecimal(groups.slice(0, start))}::${hexadecimal(groups.slice(start + length))}`;
}

function hexadecimal(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (let i = 0; i < groups.length; i++) {
    run = groups[i] === 0 ? run + 1 : 0;
    if (run > best.length) best = { start: i - run + 1, length: run };
  }
  return best;
}
