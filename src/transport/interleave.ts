import type { ApprovedAddress } from '../policy/index.ts';

// An answer with hundreds of addresses is not a reason to open hundreds of sockets.
const maxAttempts = 8;

/** Orders approved addresses for a race: IPv6 first, then the families in turn (RFC 8305 section 4). */
export function interleave(addresses: readonly ApprovedAddress[]): readonly ApprovedAddress[] {
  if (addresses.length < 2) return addresses;
  const six = addresses.filter((each) => each.address.family === 6);
  const four = addresses.filter((each) => each.address.family === 4);
  const ordered: ApprovedAddress[] = [];
  for (let at = 0; at < Math.max(six.length, four.length); at++) {
    for (const each of [six[at], four[at]]) if (each !== undefined) ordered.push(each);
  }
  return ordered.slice(0, maxAttempts);
}
