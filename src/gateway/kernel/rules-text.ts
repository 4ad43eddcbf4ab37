import { type FamilyWords, families, marks, tableName } from './kernel-names.ts';
import type { GatewayPlace } from './kernel-plan.ts';
import { leaseBoundRules, leaseChains, unownedClass } from './lease-rules.ts';
import type { HeldCgroup } from './local-plan.ts';
import { localArrivals, localChains, localInput, localPost } from './local-rules.ts';

// The ruleset. Life of a packet of a workload:
//   c_first   fragments are refused before conntrack puts them together
//   c_pre     c_inside: whose address is it, by hardware address and by path; c_bound: its service, or the number
//             of its lease, as a mark of the flow; TCP to a port that is read by name goes to the listener
//   c_dns     questions go to the filter, whomever they are meant for
//   c_input   c_self: of the machine itself only the listener, the filter and the proxy
//   c_forward c_out: every packet is held against the sets, also of a flow that is established; c_back: replies, against the same sets
// `c_class` makes the service the mark of the packet: what the sets are asked by.
// INVARIANT: no packet passes because an earlier one did. What is taken out of the sets ends on the next packet of its flow.

const icmpErrors: Readonly<Record<4 | 6, string>> = {
  4: 'meta l4proto icmp ct state related icmp type { destination-unreachable, time-exceeded, parameter-problem }',
  6: 'meta l4proto icmpv6 ct state related icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }',
};
// What an error must quote fits; a body beyond it, or a stream of errors, would be a way out.
const errorBounds: Readonly<Record<4 | 6, string>> = {
  4: 'meta length <= 576 limit rate 100/second',
  6: 'meta length <= 1280 limit rate 100/second',
};
const neighbours = 'icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255';
// Addresses that carry an IPv4 address (RFC 5214 section 6.1) lie in every network of 64 bits, so no run of addresses leaves them out.
const isatap = 'ip6 daddr & ::fdff:ffff:0:0 == ::5efe:0:0';
// What a flow can be open by.
const openSets = ['live', 'told', 'toldrange', 'open', 'watchlive', 'watchtold', 'watchtoldrange', 'watched'];
// A flow that was told of lives past the end of what was told, as long as it is not silent for this long.
const idleTimeouts = { tcp: '1h', udp: '3m' } as const;

/** The rules of every chain for a gateway set like this; the chains must be there and empty. */
export function rulesText(place: GatewayPlace, cgroups: readonly HeldCgroup[] = []): string {
  const chains: readonly (readonly [string, readonly string[]])[] = [
    ...arrivalChains(place),
    ['c_input', ['iifname @inside goto c_self', ...localInput(place)]],
    ['c_self', selfRules(place)],
    [
      'c_forward',
      [
        // Between two workloads both ways come from inside: a reply is judged as one, by the mark of who asked.
        'iifname @inside ct direction reply goto c_back',
        'iifname @inside jump c_class',
        'iifname @inside meta nfproto ipv4 goto c_out4',
        'iifname @inside meta nfproto ipv6 goto c_out6',
        'oifname @inside goto c_back',
      ],
    ],
    ['c_back', backRules()],
    ['c_post', [...localPost(place), ...(place.masquerades ? ['iifname @inside oifname != @inside masquerade'] : [])]],
    ...leaseChains(),
    ...localChains(place, cgroups),
    ...families.flatMap((words) => familyChains(words, place)),
  ];
  const text = chains.map(([name, rules]) => `chain ${name} {\n${rules.map((rule) => `${rule}\n`).join('')}}\n`);
  return `table ${tableName} {\n${text.join('')}}\n`;
}

function arrivalChains(place: GatewayPlace): readonly (readonly [string, readonly string[]])[] {
  // The path of a reply is looked up with the mark of what it replies to, or strict paths (rp_filter) refuse it: `main` has no way out.
  const repliesOut = [
    `iifname != @inside ct direction reply meta mark set ${marks.uplink}`,
    // By the mark: the route that holds our own processes on loopback would say of every address that it is ours.
    `iifname != @inside ct direction original meta mark set ${marks.uplink}`,
    'iifname != @inside fib daddr . mark type local accept',
    'iifname != @inside ct direction original meta mark set 0',
  ];
  const questions = `iifname @inside meta l4proto { tcp, udp } th dport 53 redirect to :${place.dnsPort}`;
  return [
    [
      'c_first',
      [
        'iifname @inside ip frag-off & 0x3fff != 0 goto c_fragment4',
        'iifname @inside exthdr frag exists goto c_fragment6',
      ],
    ],
    ['c_pre', [...localArrivals(place), 'iifname @inside goto c_inside', ...(place.guardsRoutes ? repliesOut : [])]],
    ['c_inside', insideRules(place)],
    ['c_bound', boundRules()],
    ['c_dns', place.dnsPort === null ? [] : [questions]],
  ];
}

function insideRules(place: GatewayPlace): readonly string[] {
  // Neighbours find each other from addresses that no binding has; routers do not forward what has them.
  const found = `${neighbours} ip6 saddr { ::, fe80::/10 } accept`;
  // Said as what is let in: on an interface without hardware addresses the words do not match, and nobody gets in.
  const bound = families.map(({ family, source }) => `${source} . ether saddr @bound${family} goto c_bound`);
  const all = [...bound, ...leaseBoundRules()];
  return place.binding === 'mac' ? [found, ...all, 'counter name spoofed drop'] : [found, 'goto c_bound'];
}

function boundRules(): readonly string[] {
  return [
    'fib saddr . iif oif missing counter name spoofed drop',
    ...families.map(({ family, nfproto }) => `meta nfproto ${nfproto} ct direction original jump c_owner${family}`),
    // Flows that the listener has stay with it when the plan changes. Not the listener itself (a wildcard): its port would be a way in.
    `meta l4proto tcp socket transparent 1 socket wildcard 0 meta mark set ${marks.listener} accept`,
    // Not `!= unicast`: for IPv6 an address that `main` has no route to is of no type at all.
    'fib daddr type { local, broadcast, multicast, anycast } accept',
    ...families.map(
      ({ family, nfproto }) => `meta nfproto ${nfproto} ct direction original tcp dport @names goto c_name${family}`,
    ),
    `meta mark set ${marks.uplink}`,
  ];
}

function selfRules(place: GatewayPlace): readonly string[] {
  const ports = [
    ...(place.dnsPort === null ? [] : [`meta l4proto { tcp, udp } th dport ${place.dnsPort} accept`]),
    ...(place.proxyPort === null ? [] : [`tcp dport ${place.proxyPort} accept`]),
  ];
  return [
    'ct state invalid counter name invalid drop',
    `${neighbours} accept`,
    `meta mark ${marks.listener} meta l4proto tcp accept`,
    'ct direction reply ct state established accept',
    ...families.map(({ family }) => `${icmpErrors[family]} ${errorBounds[family]} accept`),
    ...ports,
    'jump c_class',
    ...families.map(({ family, nfproto }) => `meta nfproto ${nfproto} meta l4proto { tcp, udp } goto c_deny${family}`),
    ...families.map(({ family, nfproto }) => `meta nfproto ${nfproto} goto c_denyany${family}`),
  ];
}

function backRules(): readonly string[] {
  return [
    'ct state invalid counter name invalid drop',
    'ct direction original counter name inbound drop',
    ...families.map(({ family, nfproto }) => `meta nfproto ${nfproto} jump c_leaseback${family}`),
    'jump c_class',
    ...families.map(({ family }) => `${icmpErrors[family]} jump c_error${family}`),
    'meta l4proto != { tcp, udp } drop',
    ...families.map(({ family, nfproto }) => `meta nfproto ${nfproto} goto c_reply${family}`),
  ];
}

function familyChains(words: FamilyWords, place: GatewayPlace): readonly (readonly [string, readonly string[]])[] {
  const { family } = words;
  return [
    [`c_fragment${family}`, fragmentRules(words)],
    [`c_name${family}`, nameRules(words, place)],
    [`c_out${family}`, outRules(words)],
    ...errorChains(words),
    ...passChains(words),
    ...denyChains(words),
    ...replyChains(words),
  ];
}

function fragmentRules(words: FamilyWords): readonly string[] {
  const { family, source, destination } = words;
  return [
    ...unownedClass(words),
    `update @deniedany${family} { meta mark . ${source} . ${destination} . meta l4proto counter } drop`,
    'counter name uncounted drop',
  ];
}

function nameRules(words: FamilyWords, place: GatewayPlace): readonly string[] {
  const { family, tproxy } = words;
  const key = keyOut(words);
  // What a service may reach by address on such a port is not read: the protocol there may be any.
  return [
    'jump c_class',
    `ct state established ${key} @live${family} meta mark set ${marks.uplink} accept`,
    ...['told', 'toldrange', 'open'].map((set) => `${key} @${set}${family} meta mark set ${marks.uplink} accept`),
    // A mark is a way: that of a service is none.
    'meta mark set 0',
    `meta l4proto tcp ${tproxy} :${place.listenerPort} meta mark set ${marks.listener} accept`,
  ];
}

function outRules(words: FamilyWords): readonly string[] {
  const { family, destination } = words;
  const key = keyOut(words);
  const odd =
    family === 4
      ? ['ip hdrlength != 5']
      : ['exthdr rt exists', 'exthdr hbh exists', 'exthdr dst exists', 'exthdr mh exists'];
  return [
    'ct state invalid counter name invalid drop',
    `${icmpErrors[family]} meta mark != 0 jump c_error${family}`,
    `meta l4proto != { tcp, udp } goto c_denyany${family}`,
    ...odd.map((what) => `${what} goto c_deny${family}`),
    ...(family === 6 ? [`${isatap} goto c_deny6`] : []),
    `meta mark 0 goto c_deny${family}`,
    `${destination} @closed${family} goto c_deny${family}`,
    // Questions that the filter did not get are nobody's.
    `th dport 53 goto c_deny${family}`,
    `ct state established ${key} @live${family} goto c_live${family}`,
    ...['told', 'toldrange'].map((set) => `${key} @${set}${family} goto c_live${family}`),
    `${key} @open${family} goto c_pass${family}`,
    `ct state established ${key} @watchlive${family} goto c_watchlive${family}`,
    ...['watchtold', 'watchtoldrange'].map((set) => `${key} @${set}${family} goto c_watchlive${family}`),
    `${key} @watched${family} goto c_watched${family}`,
    `goto c_deny${family}`,
  ];
}

// An error says of which flow it is, and that flow has to be open still: what conntrack remembers of one that was revoked is no right.
function errorChains({ family, destination }: FamilyWords): readonly (readonly [string, readonly string[]])[] {
  // nft 1.0.6 knows the type of a port only where a rule names a protocol of packets, whichever it is.
  const protocol = `meta l4proto ${family === 4 ? 'icmp' : 'icmpv6'}`;
  const key = `${protocol} meta mark . ct original ${destination} . ct original protocol . ct original proto-dst`;
  return [
    [`c_error${family}`, openSets.map((set) => `${key} @${set}${family} goto c_errorpass${family}`)],
    [`c_errorpass${family}`, [`${errorBounds[family]} meta mark set ${marks.uplink} accept`]],
  ];
}

function passChains(words: FamilyWords): readonly (readonly [string, readonly string[]])[] {
  const { family } = words;
  const key = keyOut(words);
  // A set that is full does not take the element and ends its rule there; so what follows is a rule of its own.
  return [
    [`c_live${family}`, [...refreshRules('live', family, key), `goto c_pass${family}`]],
    [`c_watchlive${family}`, [...refreshRules('watchlive', family, key), `goto c_watched${family}`]],
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

function denyChains(words: FamilyWords): readonly (readonly [string, readonly string[]])[] {
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

function replyChains(words: FamilyWords): readonly (readonly [string, readonly string[]])[] {
  const { family, source, destination } = words;
  const key = `meta mark . ${source} . meta l4proto . th sport`;
  const counted = `meta mark . ${destination} . ${source} . meta l4proto . th sport`;
  const rules = [
    `${source} @closed${family} drop`,
    ...['live', 'told', 'toldrange'].map((set) => `${key} @${set}${family} goto c_replylive${family}`),
    `${key} @open${family} goto c_replypass${family}`,
    ...['watchlive', 'watchtold', 'watchtoldrange'].map((set) => `${key} @${set}${family} goto c_replywatch${family}`),
    `${key} @watched${family} goto c_replypass${family}`,
    // Whoever still sends learns that nobody listens any more.
    'meta l4proto tcp reject with tcp reset',
    'drop',
  ];
  return [
    [`c_reply${family}`, rules],
    [`c_replylive${family}`, [...refreshRules('live', family, key), `goto c_replypass${family}`]],
    [`c_replywatch${family}`, [...refreshRules('watchlive', family, key), `goto c_replypass${family}`]],
    [
      `c_replypass${family}`,
      [
        `update @down${family} { ${counted} counter } meta mark set 0 accept`,
        'meta mark set 0 counter name uncounted accept',
      ],
    ],
  ];
}

function refreshRules(set: string, family: 4 | 6, key: string): readonly string[] {
  return Object.entries(idleTimeouts).map(
    ([protocol, timeout]) => `meta l4proto ${protocol} update @${set}${family} { ${key} timeout ${timeout} }`,
  );
}

function keyOut({ destination }: FamilyWords): string {
  return `meta mark . ${destination} . meta l4proto . th dport`;
}

function countedOut({ source, destination }: FamilyWords): string {
  return `meta mark . ${source} . ${destination} . meta l4proto . th dport`;
}
