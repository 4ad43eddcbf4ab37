import { type FamilyWords, marks } from './kernel-names.ts';

// What becomes of a packet whose service is its mark: passed and counted, kept alive, refused. What passes leaves with a mark that is a way.

/** What an error must quote fits; a body beyond it, or a stream of errors, would be a way out. */
export const errorBounds: Readonly<Record<4 | 6, string>> = {
  4: 'meta length <= 576 limit rate 100/second',
  6: 'meta length <= 1280 limit rate 100/second',
};
/** Addresses that carry an IPv4 address (RFC 5214 section 6.1) lie in every network of 64 bits, so no run of addresses leaves them out. */
export const isatap = 'ip6 daddr & ::fdff:ffff:0:0 == ::5efe:0:0';
// What a flow can be open by.
const openSets = [
  ...['live', 'told', 'openone', 'toldrange', 'open'],
  ...['watchlive', 'watchtold', 'watchtoldrange', 'watchedone', 'watched'],
];
/** A flow that was told of lives past the end of what was told, as long as it is not silent for this long. */
export const idleTimeouts = { tcp: '1h', udp: '3m' } as const;

type Chain = readonly [name: string, rules: readonly string[]];

/** The chains of a family that packets end in, and the one that judges replies. */
export function verdictChains(words: FamilyWords): readonly Chain[] {
  return [...errorChains(words), ...passChains(words), ...denyChains(words), ...replyChains(words)];
}

// An error says of which flow it is, and that flow has to be open still: what conntrack remembers of one that was revoked is no right.
function errorChains({ family, destination }: FamilyWords): readonly Chain[] {
  // nft 1.0.6 knows the type of a port only where a rule names a protocol of packets, whichever it is.
  const protocol = `meta l4proto ${family === 4 ? 'icmp' : 'icmpv6'}`;
  const key = `${protocol} meta mark . ct original ${destination} . ct original protocol . ct original proto-dst`;
  return [
    [`c_error${family}`, openSets.map((set) => `${key} @${set}${family} goto c_errorpass${family}`)],
    [`c_errorpass${family}`, [`${errorBounds[family]} meta mark set ${marks.uplink} accept`]],
  ];
}

function passChains(words: FamilyWords): readonly Chain[] {
  const { family, destination } = words;
  const key = keyOut(words);
  // A set that is full does not take the element and ends its rule there; so what follows is a rule of its own.
  return [
    [`c_live${family}`, [`${destination} @closed${family} goto c_deny${family}`, `goto c_renew${family}`]],
    [`c_renew${family}`, [...refreshRules('live', family, key, `goto c_pass${family}`), `goto c_pass${family}`]],
    [
      `c_watchlive${family}`,
      [...refreshRules('watchlive', family, key, `goto c_watched${family}`), `goto c_watched${family}`],
    ],
    [`c_watched${family}`, [`update @observed${family} { ${countedOut(words)} counter }`, `goto c_pass${family}`]],
    [
      `c_pass${family}`,
      [
        `update @up${family} { ${countedOut(words)} counter } meta mark set ${marks.uplink} accept`,
        `meta mark set ${marks.uplink} counter name uncounted accept`,
      ],
    ],
  ];
}

function denyChains(words: FamilyWords): readonly Chain[] {
  const { family, source, destination } = words;
  // Refused and not dropped: a client falls back at once, from QUIC to TCP above all.
  return [
    [
      `c_deny${family}`,
      [
        `update @denied${family} { ${countedOut(words)} counter }`,
        'meta l4proto tcp reject with tcp reset',
        'reject with icmpx port-unreachable',
      ],
    ],
    [
      `c_denyany${family}`,
      [
        `update @deniedany${family} { meta mark . ${source} . ${destination} . meta l4proto counter }`,
        'reject with icmpx admin-prohibited',
      ],
    ],
  ];
}

function replyChains(words: FamilyWords): readonly Chain[] {
  const { family, source, destination } = words;
  const key = keyBack(words);
  const counted = `meta mark . ${destination} . ${source} . meta l4proto . th sport`;
  const rules = [
    `${source} @closed${family} drop`,
    `${key} @live${family} goto c_replylive${family}`,
    `${key} @openone${family} goto c_replypass${family}`,
    ...['told', 'toldrange'].map((set) => `${key} @${set}${family} goto c_replylive${family}`),
    `${key} @open${family} goto c_replypass${family}`,
    ...['watchlive', 'watchtold', 'watchtoldrange'].map((set) => `${key} @${set}${family} goto c_replywatch${family}`),
    ...['watchedone', 'watched'].map((set) => `${key} @${set}${family} goto c_replypass${family}`),
    // Whoever still sends learns that nobody listens any more.
    'meta l4proto tcp reject with tcp reset',
    'drop',
  ];
  // A client of TCP says that it got what it was sent, which renews its flow: only UDP is renewed by replies.
  const udp = (set: string): string =>
    `meta l4proto udp update @${set}${family} { ${key} timeout ${idleTimeouts.udp} }`;
  return [
    [`c_reply${family}`, rules],
    [`c_replylive${family}`, [`${source} @closed${family} drop`, udp('live'), `goto c_replypass${family}`]],
    [`c_replywatch${family}`, [udp('watchlive'), `goto c_replypass${family}`]],
    [
      `c_replypass${family}`,
      [
        `update @down${family} { ${counted} counter } meta mark set 0 accept`,
        'meta mark set 0 counter name uncounted accept',
      ],
    ],
  ];
}

function refreshRules(set: string, family: 4 | 6, key: string, then: string): readonly string[] {
  return Object.entries(idleTimeouts).map(
    ([protocol, timeout]) => `meta l4proto ${protocol} update @${set}${family} { ${key} timeout ${timeout} } ${then}`,
  );
}

/** What an edge is asked by: the mark of the packet, or of its flow, then destination, protocol and port. */
export function keyOut({ destination }: FamilyWords, mark: 'meta' | 'ct' = 'meta'): string {
  return `${mark} mark . ${destination} . meta l4proto . th dport`;
}

/** The same for a reply. */
export function keyBack({ source }: FamilyWords, mark: 'meta' | 'ct' = 'meta'): string {
  return `${mark} mark . ${source} . meta l4proto . th sport`;
}

function countedOut({ source, destination }: FamilyWords): string {
  return `meta mark . ${source} . ${destination} . meta l4proto . th dport`;
}
