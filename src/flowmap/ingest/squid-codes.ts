/**
 * The codes of Squid's `logformat` (src/format/Token.cc, with the later ones of its documentation), without `%`, encoding, width and
 * argument. A code is found by the longest name, as Squid does it: `%>st` is not `%>s` and a `t`.
 */
export const squidCodes: readonly string[] = [
  ...['>a', '>p', '>A', '<a', '<p', '<A', '>h', '<h', '>v'],
  ...['>la', 'la', '>lp', 'lp', '<la', 'oa', '<lp', 'ts', 'tu', 'tl', 'tg', 'tS', 'tr', '<pt', '<tt', 'dt', '>ha'],
  ...['un', 'ul', 'ui', 'ue', 'us', 'Hs', '>Hs', '<Hs', '<bs', 'Ss', 'Sh', 'mt'],
  ...['>rm', '>ru', '>rs', '>rd', '>rP', '>rp', '>rv', 'rm', 'ru', 'rp', 'rv', 'rG'],
  ...[
    '<rm',
    '<ru',
    '<rs',
    '<rd',
    '<rP',
    '<rp',
    '<rv',
    '>st',
    '>sh',
    '<st',
    '<sH',
    '<sS',
    '<sh',
    'st',
    'et',
    'ea',
    'sn',
  ],
  ...['>eui', '>qos', '<qos', '>nfmark', '<nfmark', '>handshake', 'err_code', 'err_detail', 'note', 'credentials'],
  ...['busy_time', 'request_attempts', 'master_xaction', 'byte', 'transport::>connection_id'],
  ...['adapt::all_trs', 'adapt::sum_trs', 'adapt::<last_h', 'icap::tt', 'icap::<last_h', 'icap::<A'],
  ...['icap::<service_name', 'icap::ru', 'icap::rm', 'icap::>st', 'icap::<st', 'icap::<bs', 'icap::>h', 'icap::<h'],
  ...['icap::tr', 'icap::tio', 'icap::to', 'icap::Hs', 'proxy_protocol::>h', 'http::>h', 'http::<h'],
  ...tlsCodes('ssl'),
  ...tlsCodes('tls'),
];

function tlsCodes(prefix: string): readonly string[] {
  return [
    ...['bump_mode', '>sni', '>cert_subject', '>cert_issuer', '<cert_subject', '<cert_issuer', '<cert_errors', '<cert'],
    ...['>negotiated_version', '<negotiated_version', '>negotiated_cipher', '<negotiated_cipher'],
    ...['>received_hello_version', '<received_hello_version'],
    ...['>received_supported_version', '<received_supported_version'],
  ].map((code) => `${prefix}::${code}`);
}
