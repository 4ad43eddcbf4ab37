import { type FamilyWords, families, marks, runPrefix, tableName } from './kernel-names.ts';
import type { GatewayPlace } from './kernel-plan.ts';
import { leaseBackRules, leaseBoundRules, leaseChains, unownedClass } from './lease-rules.ts';
import type { HeldCgroup } from './local-plan.ts';
import { localArrivals, localChains, localInput, localPost } from './local-rules.ts';
import { needlessChains } from './table-text.ts';
import { isUntracked, judgedPasses, untrackedChains } from './untracked-rules.ts';
import { errorBounds, isatap, keyBack, keyOut, verdictChains } from './verdict-rules.ts';

// The ruleset. Life of a packet of a workload:
//   c_first   before conntrack: c_swift, c_returned: TCP of the address plane, which is judged there and not tracked (`untracked-rules.ts`);
//             c_arrived: fragments are refused, before they are put together; whose address is it, by hardware address
//             and by path. What is not its own is gone before conntrack believes it: it would end a flow of somebody else by a reset
//   c_pre     c_inside: its service, or the number of its lease, as a mark of the flow; TCP to a port that is read by name goes to the listener
//   c_dns     questions go to the filter, whomever they are meant for
//   c_input   c_self: of the machine itself only the listener, the filter and the proxy
//   c_forward c_from, c_out: every packet is held against the sets, also of a flow that is established; c_back: replies, against the same
// `c_class` makes the service the mark of the packet: what the sets are asked by. Of a flow that no lease has, the mark of the flow is the
// service, and what lives is looked up by that at once; the number of a lease is in no set, so flows of leases go on to `c_class`.
// INVARIANT: no packet passes because an earlier one did. What is taken out of the sets ends on the next packet of its flow.
// Each rule that a packet walks past costs: what most packets are comes first, and a chain begins with what it can tell at once.

const icmpErrors: Readonly<Record<4 | 6, string>> = {
  4: 'meta l4proto icmp ct state related icmp type { destination-unreachable, time-exceeded, parameter-problem }',
  6: 'meta l4proto icmpv6 ct state related icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }',
};
const strayPath = 'fib saddr . iif oif missing counter name spoofed drop';
const neighbours = 'icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255';
// Neighbours find each other from addresses that no binding has; routers do not forward what has them.
const found = `${neighbours} ip6 saddr { ::, fe80::/10 }`;
// What is refused however open its destination is, and how a packet looks that has nothing of it.
const odd: Readonly<Record<4 | 6, readonly string[]>> = {
  4: ['ip hdrlength != 5'],
  6: ['ip6 nexthdr != { tcp, udp }', isatap],
};
const plain: Readonly<Record<4 | 6, string>> = {
  4: 'ip hdrlength 5',
  6: 'ip6 nexthdr tcp',
};
const runNames = `"${runPrefix}*"`;

/** The rules of every chain for a gateway set like this; the chains must be there and empty. */
export function rulesText(place: GatewayPlace, cgroups: readonly HeldCgroup[] = []): string {
  const chains: readonly (readonly [string, readonly string[]])[] = [
    ...arrivalChains(place),
    ['c_input', [...named('iifname', place, 'goto c_self'), ...localInput(place)]],
    ['c_self', selfRules(place)],
    [
      'c_forward',
      [...judgedPasses(place), ...named('iifname', place, 'goto c_from'), ...named('oifname', place, 'goto c_back')],
    ],
    ['c_from', fromRules()],
    ['c_back', backRules(place)],
    ['c_post', [...localPost(place), ...masqueradeRules(place)]],
    ...untrackedChains(place),
    ...leaseChains(place.hasLeases),
    ...localChains(place, cgroups),
    ...families.flatMap((words) => familyChains(words, place)),
  ];
  const needless = needlessChains(place);
  const there = chains.filter(([name]) => !needless.includes(name));
  const text = there.map(([name, rules]) => `chain ${name} {\n${rules.map((rule) => `${rule}\n`).join('')}}\n`);
  return `table ${tableName} {\n${text.join('')}}\n`;
}

// A name is compared, where a set of names is looked up: the difference is a tenth of what a packet costs. Interfaces of runs come and go:
// they are known by how their names begin.
function named(key: 'iifname' | 'oifname', { inside, runs }: GatewayPlace, what: string): readonly string[] {
  const workloads = inside.length === 1 ? `"${inside[0]}"` : '@inside';
  return [workloads, ...(runs.length > 0 ? [runNames] : [])].map((names) => `${key} ${names} ${what}`);
}

// Nobody outside has a route back to a run.
function masqueradeRules({ masquerades, runs }: GatewayPlace): readonly string[] {
  return [
    ...(masquerades ? ['iifname @inside oifname != @inside masquerade'] : []),
    ...(runs.length > 0 ? [`iifname ${runNames} oifname != ${runNames} masquerade`] : []),
  ];
}

function arrivalChains(place: GatewayPlace): readonly (readonly [string, readonly string[]])[] {
  // The path of a reply is looked up with the mark of what it replies to, or strict paths (rp_filter) refuse it: `main` has no way out.
  const repliesOut = [
    `ct direction reply meta mark set ${marks.uplink} accept`,
    // By the mark: the route that holds our own processes on loopback would say of every address that it is ours.
    `ct direction original meta mark set ${marks.uplink}`,
    'fib daddr . mark type local accept',
    'meta mark set 0',
  ];
  const questions = named('iifname', place, `meta l4proto { tcp, udp } th dport 53 redirect to :${place.dnsPort}`);
  return [
    ['c_first', firstRules(place)],
    ['c_arrived', arrivedRules(place)],
    [
      'c_pre',
      [
        ...judgedPasses(place),
        ...localArrivals(place),
        ...named('iifname', place, 'goto c_inside'),
        ...(place.guardsRoutes ? repliesOut : []),
      ],
    ],
    ['c_path', isOneWire(place) ? [] : pathRules(place)],
    ['c_inside', insideRules()],
    ['c_dns', place.dnsPort === null ? [] : questions],
  ];
}

function firstRules(place: GatewayPlace): readonly string[] {
  if (!isUntracked(place)) return named('iifname', place, 'goto c_arrived');
  const [workloads = '', ...runs] = named('iifname', place, '');
  return [
    `${workloads}goto c_swift`,
    ...runs.map((names) => `${names}goto c_arrived`),
    'iiftype != loopback goto c_returned',
  ];
}

function arrivedRules({ binding, hasLeases }: GatewayPlace): readonly string[] {
  // The service of every packet, not of the first: an address that changes hands takes its live flows out of the old one at once.
  const by = (key: string, map: string): readonly string[] =>
    families.map(({ family, source }) => `meta mark set ${source}${key} map @${map}${family} goto c_path`);
  // Said as what is let in: on an interface without hardware addresses the words do not match, and nobody gets in.
  const all =
    binding === 'mac'
      ? [...by(' . ether saddr', 'bound'), `${found} accept`, ...(hasLeases ? leaseBoundRules() : [])]
      : [`${found} accept`, ...by('', 'who')];
  return [
    'ip frag-off & 0x3fff != 0 goto c_fragment4',
    // What says TCP at once has no header between: looking for one is dear.
    'ip6 nexthdr != tcp exthdr frag exists goto c_fragment6',
    ...all,
    'counter name spoofed drop',
  ];
}

// The mark of the packet is its service by the policy, until it is that of its way.
function insideRules(): readonly string[] {
  return ['meta nfproto ipv4 goto c_flow4', `${found} accept`, 'goto c_flow6'];
}

// Looking a path up is a third of what a packet costs before it is judged. Where all come by one interface, from the hardware address of
// their own, nothing of a flow that was answered can have changed its path.
function isOneWire({ binding, inside, runs, local }: GatewayPlace): boolean {
  return binding === 'mac' && inside.length === 1 && runs.length === 0 && local === null;
}

// Where our own processes are held, each address is on loopback to whoever asks without a mark. Whose service is not found yet has none.
function pathRules({ local }: GatewayPlace): readonly string[] {
  if (local === null) return [strayPath];
  return [
    `meta mark 0 meta mark set ${marks.uplink}`,
    strayPath.replace(' . iif', ' . mark . iif'),
    `meta mark ${marks.uplink} meta mark set 0`,
  ];
}

function flowRules({ family }: FamilyWords, place: GatewayPlace): readonly string[] {
  return [
    ...(isOneWire(place) ? [`ct state != established ${strayPath}`] : []),
    `ct direction original jump c_owner${family}`,
    `meta mark set ${marks.uplink}`,
    `ct direction original tcp dport @names goto c_name${family}`,
  ];
}

function selfRules(place: GatewayPlace): readonly string[] {
  const ports = [
    ...(place.dnsPort === null ? [] : [`meta l4proto { tcp, udp } th dport ${place.dnsPort} accept`]),
    ...(place.proxyPort === null ? [] : [`tcp dport ${place.proxyPort} accept`]),
  ];
  return [
    // What was judged as if it were to be forwarded is nobody's here.
    ...(isUntracked(place) ? [`meta mark ${marks.judged} meta mark set 0`] : []),
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

// Flows that live are found at once; what is odd in a packet of theirs still goes the long way.
function fromRules(): readonly string[] {
  return [
    ...families.map(
      (words) =>
        `${plain[words.family]} ct direction original ${liveNow(keyOut(words, 'ct'), words)} goto c_live${words.family}`,
    ),
    // Between two workloads both ways come from inside: a reply is judged as one, by the mark of who asked.
    'ct direction reply goto c_back',
    'jump c_class',
    ...families.map(({ family, nfproto }) => `meta nfproto ${nfproto} goto c_out${family}`),
  ];
}

function liveNow(key: string, { family }: FamilyWords): string {
  return `ct state established ${key} @live${family} meta mark set ct mark`;
}

function backRules({ hasLeases }: GatewayPlace): readonly string[] {
  return [
    ...(hasLeases ? leaseBackRules() : []),
    ...families.map(
      (words) => `ct direction reply ${liveNow(keyBack(words, 'ct'), words)} goto c_replylive${words.family}`,
    ),
    'ct state invalid counter name invalid drop',
    'ct direction original counter name inbound drop',
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
    [`c_flow${family}`, flowRules(words, place)],
    [`c_name${family}`, nameRules(words, place)],
    [`c_out${family}`, outRules(words)],
    ...verdictChains(words),
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
  return [
    // Flows that the listener has stay with it when the plan changes. Not the listener itself (a wildcard): its port would be a way in.
    `meta l4proto tcp socket transparent 1 socket wildcard 0 meta mark set ${marks.listener} accept`,
    // Not `!= unicast`: for IPv6 an address that `main` has no route to is of no type at all. By the mark, as for arrivals from elsewhere.
    'fib daddr . mark type { local, broadcast, multicast, anycast } accept',
    'jump c_class',
    // What a service may reach by address on such a port is not read: the protocol there may be any.
    `ct state established ${key} @live${family} meta mark set ${marks.uplink} accept`,
    ...['told', 'openone', 'toldrange', 'open'].map(
      (set) => `${key} @${set}${family} meta mark set ${marks.uplink} accept`,
    ),
    // A mark is a way: that of a service is none.
    'meta mark set 0',
    `meta l4proto tcp ${tproxy} :${place.listenerPort} meta mark set ${marks.listener} accept`,
  ];
}

function outRules(words: FamilyWords): readonly string[] {
  const { family, destination } = words;
  const key = keyOut(words);
  return [
    'ct state invalid counter name invalid drop',
    `${icmpErrors[family]} meta mark != 0 jump c_error${family}`,
    `meta l4proto != { tcp, udp } goto c_denyany${family}`,
    ...odd[family].map((what) => `${what} goto c_deny${family}`),
    `meta mark 0 goto c_deny${family}`,
    `${destination} @closed${family} goto c_deny${family}`,
    // Questions that the filter did not get are nobody's.
    `th dport 53 goto c_deny${family}`,
    // Flows of leases, and packets that are not plain.
    `ct state established ${key} @live${family} goto c_renew${family}`,
    `${key} @told${family} goto c_renew${family}`,
    `${key} @openone${family} goto c_pass${family}`,
    `${key} @toldrange${family} goto c_renew${family}`,
    `${key} @open${family} goto c_pass${family}`,
    `ct state established ${key} @watchlive${family} goto c_watchlive${family}`,
    ...['watchtold', 'watchtoldrange'].map((set) => `${key} @${set}${family} goto c_watchlive${family}`),
    ...['watchedone', 'watched'].map((set) => `${key} @${set}${family} goto c_watched${family}`),
    `goto c_deny${family}`,
  ];
}
