import { type IpAddress, ipAddressFromWords, parseIpAddress } from '../../destination/index.ts';

const wordBits = 32n;
const wordMask = 0xffff_ffffn;

/** The last address of a family as a number: addresses go from 0 to it. */
export function lastAddressNumber(family: 4 | 6): bigint {
  return family === 4 ? wordMask : 2n ** 128n - 1n;
}

/** An address in canonical text as a number. Throws for anything else: only parsed plans come here. */
export function addressNumber(text: string): bigint {
  const parsed = parseIpAddress(text);
  if (!parsed.ok) throw new TypeError('"text" is not an address');
  return parsed.value.words.reduce((sum, word) => (sum << wordBits) | BigInt(word), 0n);
}

/** The canonical text of an address that is a number. */
export function addressText(family: 4 | 6, number: bigint): string {
  const words: number[] = [];
  for (let at = family === 4 ? 0n : 3n; at >= 0n; at--) words.push(Number((number >> (at * wordBits)) & wordMask));
  const address: IpAddress = ipAddressFromWords(words);
  return address.text;
}
