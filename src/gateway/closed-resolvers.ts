/**
 * Addresses of public resolvers that serve nothing else, so that closing them closes DNS over TLS, HTTPS and QUIC and breaks no site. Resolvers
 * behind shared addresses are closed by name. Source: the operators' own pages on how to set their resolvers up.
 */
export const closedResolvers: readonly string[] = [
  // Cloudflare
  ...['1.1.1.1', '1.0.0.1', '1.1.1.2', '1.0.0.2', '1.1.1.3', '1.0.0.3'],
  ...['2606:4700:4700::1111', '2606:4700:4700::1001', '2606:4700:4700::1112', '2606:4700:4700::1002'],
  // Google
  ...['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'],
  // Quad9
  ...['9.9.9.9', '149.112.112.112', '9.9.9.10', '149.112.112.10', '9.9.9.11', '149.112.112.11'],
  ...['2620:fe::fe', '2620:fe::9', '2620:fe::10', '2620:fe::fe:10'],
  // OpenDNS
  ...['208.67.222.222', '208.67.220.220', '2620:119:35::35', '2620:119:53::53'],
  // AdGuard
  ...['94.140.14.14', '94.140.15.15', '2a10:50c0::ad1:ff', '2a10:50c0::ad2:ff'],
];
