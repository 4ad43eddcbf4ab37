import { type FamilyWords, families, marks, runPrefix } from './kernel-names.ts';
import type { GatewayPlace } from './kernel-plan.ts';
import { type HeldCgroup, seatNetworks } from './local-plan.ts';

// The rules for processes of this machine itself. Life of a packet of one:
//   c_output   before it has a way: to itself (c_near), an answer to somebody outside (c_answer), of the point or an exempt user, or judged:
//              c_who says whose it is, by the owner of its socket; then names go to the listener by way of loopback, the rest to c_out
//   c_ask      questions are turned to the filter
//   c_seat     on its way over loopback to listener or filter it gets the address of its service's seat, which nobody else can have
//   c_arrive   what comes back to it, against the same sets
// The owner is who made the socket (its credentials then), so a later change of user changes nothing, and a set user id makes another owner.
// What a socket that is closed still has to send has no owner: it stays what its flow was.

/** Marks flows of the point and of exempt users: no number of a service, which has 24 bits. */
const exemptMark = 0x1e47003;
const neighbours = [
  'icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255',
  'icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } ip6 daddr ff02::/16',
  'ip protocol igmp ip daddr 224.0.0.0/24',
];
// A message of DHCP (RFC 2131, RFC 8415) from its own port to its own port: below 1024 on both sides.
const leases = ['udp sport 68 udp dport 67', 'udp sport 546 udp dport 547'];
const shut = 'reject with tcp reset';

type Chain = readonly [name: string, rules: readonly string[]];

/** The chains that hold processes of this machine, empty where the place holds none. */
export function localChains(place: GatewayPlace, cgroups: readonly HeldCgroup[]): readonly Chain[] {
  const isOn = place.local !== null;
  const chains: readonly Chain[] = [
    ['c_output', outputRules()],
    ['c_near', nearRules(place)],
    ['c_question', questionRules()],
    ['c_who', whoRules(cgroups)],
    ['c_answer', answerRules(place)],
    ['c_ask', askRules(place)],
    ['c_seat', seatRules(place)],
    ['c_arrive', arriveRules(place)],
    ['c_tproxy', tproxyRules(place)],
    ...families.map((words): Chain => [`c_own${words.family}`, ownNameRules(words)]),
  ];
  return chains.map(([name, rules]) => [name, isOn ? rules : []]);
}

/** What comes before the rules for arrivals from elsewhere. */
export function localArrivals(place: GatewayPlace): readonly string[] {
  if (place.local === null) return [];
  return [
    `iifname "lo" meta mark ${marks.seated} goto c_tproxy`,
    'iifname "lo" accept',
    // IPv4 by itself takes no address of loopback from outside.
    `ip6 saddr ${seatNetworks[6]} counter name spoofed drop`,
  ];
}

/** What is to be known of packets for this machine that do not come from inside. */
export function localInput(place: GatewayPlace): readonly string[] {
  if (place.local === null) return [];
  const others = place.runs.length > 0 ? ` iifname != "${runPrefix}*"` : '';
  return [`iifname != "lo" iifname != @inside${others} goto c_arrive`];
}

/** What gets another source on its way over loopback. */
export function localPost(place: GatewayPlace): readonly string[] {
  return place.local === null ? [] : ['oifname "lo" goto c_seat'];
}

function outputRules(): readonly string[] {
  return [
    // Set first, so that the question for its kind is not answered by the route that holds everything on loopback.
    `meta mark set ${marks.uplink}`,
    'fib daddr . mark type local goto c_near',
    'ct direction reply goto c_answer',
    ...freeRules(`ct mark set ${exemptMark} accept`),
    ...neighbours.map((what) => `${what} accept`),
    ...leases.map((ports) => `meta skuid @leasing ${ports} accept`),
    'meta l4proto { tcp, udp } th dport 53 goto c_question',
    'jump c_who',
    `meta mark ${exemptMark} meta mark set ${marks.uplink} accept`,
    ...sameRules(),
    'ct mark set meta mark',
    ...families.map(({ family, nfproto }) => `meta nfproto ${nfproto} tcp dport @names goto c_own${family}`),
    // By the service, which is the mark here; who is let out gets the mark that is a way.
    ...families.map(({ family, nfproto }) => `meta nfproto ${nfproto} goto c_out${family}`),
    'drop',
  ];
}

function nearRules({ listenerPort, dnsPort }: GatewayPlace): readonly string[] {
  return [
    'meta mark set 0',
    'ct direction reply accept',
    // A socket can be bound to any address of loopback: one of a seat would be somebody's word for who it is.
    `ip saddr ${seatNetworks[4]} counter name spoofed drop`,
    `ip6 saddr ${seatNetworks[6]} counter name spoofed drop`,
    ...freeRules('accept'),
    `tcp dport ${listenerPort} ${shut}`,
    `meta l4proto { tcp, udp } th dport ${portSet(dnsPort)} goto c_question`,
    'accept',
  ];
}

function questionRules(): readonly string[] {
  return ['jump c_who', ...sameRules(), 'ct mark set meta mark', 'meta mark set 0 accept'];
}

// A source port can be taken over while the kernel still translates for whoever had it: what is another's by now goes nowhere.
function sameRules(): readonly string[] {
  return ['ct status snat meta mark . ct mark != @same counter name spoofed drop'];
}

// What is most telling comes first, and ends it; the marks of the flow are written once, by whoever called.
function whoRules(cgroups: readonly HeldCgroup[]): readonly string[] {
  const depthOf = ({ path }: HeldCgroup): number => path.split('/').length - 1;
  const byDepth = [...cgroups].sort((a, b) => depthOf(a) - depthOf(b));
  return [
    'meta mark set 0',
    ...byDepth.map((one) => `socket cgroupv2 level ${depthOf(one)} "${one.path.slice(1)}" meta mark set ${one.index}`),
    'meta mark set meta mark . meta skuid . meta skgid map @whoboth return',
    'meta mark set meta mark . meta skuid map @whouser return',
    'meta mark set meta mark . meta skgid map @whogroup return',
    'meta skuid != 4294967295 meta mark set meta mark map @whoany return',
    // No policy yet: whoever has a socket is nobody.
    'meta skuid != 4294967295 meta mark set 0 return',
    'meta mark set ct mark',
  ];
}

function answerRules({ inside, runs }: GatewayPlace): readonly string[] {
  // What refuses a packet of a workload is sent from here, in the name of whom it was meant for. Flows that begin outside have no mark.
  const refusal = 'ct mark != 0 tcp flags & rst != 0 meta length <= 60 accept';
  return [
    ...freeRules('accept'),
    ...(inside.length + runs.length > 0 ? [refusal] : []),
    'meta l4proto { tcp, udp } th sport @inbound accept',
    'icmp type { echo-reply, destination-unreachable, time-exceeded, parameter-problem } meta length <= 1500 accept',
    'icmpv6 type { echo-reply, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept',
    // Whoever is connected to could hand out what he may not send: he answers only where this machine serves.
    'counter name inbound drop',
  ];
}

function askRules({ dnsPort }: GatewayPlace): readonly string[] {
  if (dnsPort === null) return [];
  return [...freeRules('return'), `meta l4proto { tcp, udp } th dport ${portSet(dnsPort)} redirect to :${dnsPort}`];
}

function seatRules({ dnsPort }: GatewayPlace): readonly string[] {
  const seated = [
    `meta mark ${marks.seated}`,
    ...(dnsPort === null ? [] : [`meta l4proto { tcp, udp } th dport ${dnsPort}`]),
  ];
  return [
    ...freeRules('accept'),
    ...seated.flatMap((what) => [
      `${what} meta nfproto ipv4 snat ip to ct mark map @seats4`,
      `${what} meta nfproto ipv6 snat ip6 to ct mark map @seats6`,
      `${what} drop`,
    ]),
  ];
}

function arriveRules({ listenerPort, dnsPort }: GatewayPlace): readonly string[] {
  return [
    `ct mark ${exemptMark} accept`,
    'ct direction reply ct mark != 0 goto c_back',
    `ct direction original tcp dport ${listenerPort} counter name inbound drop`,
    ...(dnsPort === null
      ? []
      : [`ct direction original meta l4proto { tcp, udp } th dport ${dnsPort} counter name inbound drop`]),
  ];
}

function tproxyRules({ listenerPort }: GatewayPlace): readonly string[] {
  return families.map(
    ({ nfproto, tproxy }) => `meta nfproto ${nfproto} meta l4proto tcp ${tproxy} :${listenerPort} accept`,
  );
}

function ownNameRules({ family, destination }: FamilyWords): readonly string[] {
  const key = `meta mark . ${destination} . meta l4proto . th dport`;
  return [
    // It has a seat: the listener has it.
    `ct status snat meta mark set ${marks.seated} accept`,
    `ct state established ${key} @live${family} goto c_out${family}`,
    ...['told', 'openone', 'toldrange', 'open'].map((set) => `${key} @${set}${family} goto c_out${family}`),
    `meta mark set ${marks.seated} accept`,
  ];
}

function freeRules(verdict: string): readonly string[] {
  return [`meta skuid . meta skgid @point ${verdict}`, `meta skuid @exempt ${verdict}`];
}

function portSet(dnsPort: number | null): string {
  return dnsPort === null || dnsPort === 53 ? '53' : `{ 53, ${dnsPort} }`;
}
