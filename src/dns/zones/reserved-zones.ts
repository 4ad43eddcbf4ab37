/** A zone that is answered here although nobody configured it, because what it names means nothing elsewhere. */
export interface ReservedZone {
  readonly origin: string;
  /** Whether the name itself exists without records (NODATA); names below never do. */
  readonly exists: boolean;
}

const reverse = (origin: string): ReservedZone => ({ origin, exists: true });
const absent = (origin: string): ReservedZone => ({ origin, exists: false });

const private172 = Array.from({ length: 16 }, (_, index) => reverse(`${16 + index}.172.in-addr.arpa`));
const shared100 = Array.from({ length: 64 }, (_, index) => reverse(`${64 + index}.100.in-addr.arpa`));
const zeros = (count: number): string => '0.'.repeat(count);

/** Names that never leave the machine (IANA, Locally-Served DNS Zones and Special-Use Domain Names). `test` is not one: it is resolved. */
export const reservedZones: readonly ReservedZone[] = [
  reverse('localhost'), // RFC 6761 section 6.3
  absent('invalid'), // RFC 6761 section 6.4
  absent('onion'), // RFC 7686 section 2
  absent('alt'), // RFC 9476 section 2
  reverse('home.arpa'), // RFC 8375 section 4
  reverse('service.arpa'), // RFC 9665 section 9
  reverse('10.in-addr.arpa'), // RFC 6303 section 4.2
  ...private172,
  reverse('168.192.in-addr.arpa'),
  ...shared100, // RFC 7793
  reverse('0.in-addr.arpa'), // RFC 6303 section 4.3
  reverse('127.in-addr.arpa'),
  reverse('254.169.in-addr.arpa'),
  reverse('2.0.192.in-addr.arpa'),
  reverse('100.51.198.in-addr.arpa'),
  reverse('113.0.203.in-addr.arpa'),
  reverse('255.255.255.255.in-addr.arpa'),
  reverse(`${zeros(32)}ip6.arpa`), // RFC 6303 section 4.3
  reverse(`1.${zeros(31)}ip6.arpa`),
  reverse('d.f.ip6.arpa'), // RFC 6303 section 4.4
  reverse('8.e.f.ip6.arpa'), // RFC 6303 section 4.5
  reverse('9.e.f.ip6.arpa'),
  reverse('a.e.f.ip6.arpa'),
  reverse('b.e.f.ip6.arpa'),
  reverse('8.b.d.0.1.0.0.2.ip6.arpa'), // RFC 6303 section 4.6
];
