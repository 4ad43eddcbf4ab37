/** What closes a way: the setting, and where it is told of. Links are from `docs/guide/`. */
export interface Setting {
  readonly says: string;
  readonly link: string;
}

/** Every setting that closes a way. A way is closed by one of them; in front of other gateways the words hold all the same. */
export const settings = {
  default_deny: {
    says: 'forward nothing by default; route workloads through the gateway only',
    link: 'probe.md#default-deny',
  },
  ipv6: { says: 'manage IPv6 like IPv4, or drop all of it', link: 'probe.md#ipv6' },
  name_plane: {
    says: 'judge the name in the hello and dial what it resolves to, never the address of the client',
    link: 'probe.md#names',
  },
  strict_hello: {
    says: 'read hellos over segments and records, refuse those with no name, two names or a malformed one',
    link: 'probe.md#names',
  },
  http_plane: {
    says: 'judge the Host of every request and dial what it resolves to',
    link: 'probe.md#names',
  },
  http_upgrade: { says: 'refuse what is not HTTP/1 on port 80', link: 'probe.md#names' },
  metadata: {
    says: 'deny metadata and platform addresses and names, whatever a rule says',
    link: 'probe.md#metadata',
  },
  dns_redirect: {
    says: 'redirect port 53 to the filter, refuse 853, 8853 and 5353',
    link: 'probe.md#dns',
  },
  dns_filter: { says: 'judge names and types before anybody is asked', link: 'dns.md' },
  doh: { says: 'deny the addresses and names of public resolvers', link: 'probe.md#dns' },
  udp: { says: 'reject UDP but for what a rule opens, QUIC with a port-unreachable', link: 'probe.md#protocols' },
  icmp: { says: 'drop ICMP echo from workloads', link: 'probe.md#protocols' },
  protocols: { says: 'drop protocols without ports, tunnels and fragments', link: 'probe.md#protocols' },
  raw_sockets: {
    says: 'take CAP_NET_RAW from workloads and bind their addresses to their MAC',
    link: 'probe.md#workload',
  },
  vsock: { says: 'forbid AF_VSOCK by a filter of calls', link: 'probe.md#workload' },
  routes: { says: 'take CAP_NET_ADMIN from workloads', link: 'probe.md#workload' },
  sockets: { says: 'mount no sockets of the host into workloads', link: 'probe.md#workload' },
  environment: {
    says: 'set the proxy variables for the workload, and close what goes around',
    link: 'proxy-clients.md',
  },
  gateway_input: {
    says: 'drop on the gateway what workloads send to it, but for DNS and the proxy',
    link: 'probe.md#gateway',
  },
  proxy_policy: { says: 'have no rule for the canary at the proxy', link: 'policy.md' },
  proxy_inner: { says: 'let the proxy judge the name inside a tunnel', link: 'policy.md' },
  proxy_spelling: { says: 'refuse other spellings of addresses at the proxy', link: 'probe.md#metadata' },
  proxy_socks: { says: 'refuse UDP ASSOCIATE and BIND', link: 'proxy-clients.md' },
} as const;

/** One of {@link settings}. */
export type SettingName = keyof typeof settings;
