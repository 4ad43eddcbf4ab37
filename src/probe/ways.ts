import type { Way } from './way.ts';
import { dnsWays } from './ways/dns.ts';
import { httpWays } from './ways/http.ts';
import { localWays } from './ways/local.ts';
import { metadataWays } from './ways/metadata.ts';
import { proxyWays } from './ways/proxy.ts';
import { tcpWays } from './ways/tcp.ts';
import { tlsWays } from './ways/tls.ts';
import { udpWays } from './ways/udp.ts';

/** Every way out that is tried, in the order of the scorecard. */
export const ways: readonly Way[] = [
  ...tcpWays,
  ...tlsWays,
  ...httpWays,
  ...metadataWays,
  ...dnsWays,
  ...udpWays,
  ...proxyWays,
  ...localWays,
];
