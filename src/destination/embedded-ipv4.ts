import type { IpAddress } from './ip-address.ts';
import { ipAddressFromWords } from './parse-ip-address.ts';

/** One way of carrying an IPv4 address inside IPv6; `read` gives the carried words, none when the form does not apply. */
interface Embedding {
  readonly name: string;
  readonly source: string;
  read(a: number, b: number, c: number, d: number): readonly number[];
}

const nothing: readonly number[] = [];

const isatapMask = 0xfdffffff;
const isatapValue = 0x00005efe;

const embeddings: readonly Embedding[] = [
  {
    name: 'IPv4-mapped, IPv4-compatible',
    source: 'RFC 4291 section 2.5.5',
    read: (a, b, c, d) => (a === 0 && b === 0 && (c === 0xffff || (c === 0 && d > 1)) ? [d] : nothing),
  },
  {
    name: 'IPv4-translated',
    source: 'RFC 2765 section 2.1',
    read: (a, b, c, d) => (a === 0 && b === 0 && c === 0xffff0000 ? [d] : nothing),
  },
  {
    name: 'NAT64',
    source: 'RFC 6052 section 2.1',
    read: (a, b, c, d) => (a === 0x0064ff9b && b === 0 && c === 0 ? [d] : nothing),
  },
  {
    // RFC 8215 leaves the layout inside the block to the network: the one of /96 and the one of /48 (bits 64-71 skipped).
    name: 'local-use NAT64',
    source: 'RFC 8215, RFC 6052 section 2.2',
    read: (a, b, c, d) =>
      a === 0x0064ff9b && b >>> 16 === 1 ? [d, (((b & 0xffff) << 16) | ((c >>> 8) & 0xffff)) >>> 0] : nothing,
  },
  {
    name: '6to4',
    source: 'RFC 3056 section 2',
    read: (a, b) => (a >>> 16 === 0x2002 ? [(((a & 0xffff) << 16) | (b >>> 16)) >>> 0] : nothing),
  },
  {
    // The server in clear, the client with every bit inverted.
    name: 'Teredo',
    source: 'RFC 4380 section 4',
    read: (a, b, _c, d) => (a === 0x20010000 ? [b, ~d >>> 0] : nothing),
  },
  {
    // The universal/local bit may be set: 0000:5efe and 0200:5efe.
    name: 'ISATAP',
    source: 'RFC 5214 section 6.1',
    read: (_a, _b, c, d) => ((c & isatapMask) >>> 0 === isatapValue ? [d] : nothing),
  },
];

/**
 * The addresses that carry IPv4 in every network, whatever its prefix (ISATAP, RFC 5214 section 6.1): those of which the bits of `mask` are
 * `value`. No list of ranges can tell them apart: whoever keeps ranges refuses them all by this form.
 */
export const isatapForm: { readonly mask: IpAddress; readonly value: IpAddress } = {
  mask: ipAddressFromWords([0, 0, isatapMask, 0]),
  value: ipAddressFromWords([0, 0, isatapValue, 0]),
};

/** Whether an address is of {@link isatapForm}. */
export function isIsatap({ family, words }: IpAddress): boolean {
  return family === 6 && ((words[2] ?? 0) & isatapMask) >>> 0 === isatapValue;
}

/** Every IPv4 address that an IPv6 address may carry, by any known embedding. Used only to deny. */
export function embeddedIpv4(address: IpAddress): readonly IpAddress[] {
  if (address.family === 4) return [];
  const [a = 0, b = 0, c = 0, d = 0] = address.words;
  const found: IpAddress[] = [];
  for (const embedding of embeddings) {
    for (const word of embedding.read(a, b, c, d)) found.push(ipAddressFromWords([word]));
  }
  return found;
}
