/**
 * An address in canonical form. `words` are unsigned 32-bit, most significant first: one for IPv4, four for IPv6.
 * `text` is the canonical spelling: dotted decimal, or RFC 5952 for IPv6 (`2001:db8::1`, without brackets).
 */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly text: string;
}
