import { type FamilyWords, families, marks } from './kernel-names.ts';
import type { GatewayPlace } from './kernel-plan.ts';
import { errorBounds, idleTimeouts, isatap, keyBack, keyOut } from './verdict-rules.ts';

// TCP of the address plane, past conntrack: what conntrack remembers of a connection says nothing that is not said by the sets, and
// remembering it costs a sixth of a short one. Life of such a packet, all of it before conntrack:
//   c_swift    from inside: plain TCP from a bound address. Its edge was found in order within this second (`recent`), or it is judged:
//              c_judge: by what is open, or, if it begins no connection, by what lives. All else goes on to c_arrived and is tracked
//   c_returned from elsewhere to a bound address: on an edge of `recent`, or judged (c_tcpback); and errors about such packets
// INVARIANT: no packet passes by a judgement that is older than a second, or than the last change that took something away: what does so
// empties `recent` in the same transaction. A packet that begins a connection is judged always.
// What an edge is found by most often stands in one rule: each rule and each jump costs as much as a look-up.
// Bits of a packet are read where they lie (`@nh`, `@th`: RFC 791, RFC 8200, RFC 9293): each word of nft asks anew which protocol it is.

const recentSeconds = 1;
// Longer than an error is on its way. What takes something away empties it too.
const peersSeconds = 10;
// Bits of the flags of TCP: SYN without ACK.
const begins = '@th,104,8 & 0x12 == 0x02';
const goesOn = '@th,104,8 & 0x12 != 0x02';
// No fragment, no option: how a packet looks that TCP, or a message of ICMP, follows at once.
const plain: Readonly<Record<4 | 6, { readonly tcp: string; readonly icmp: string }>> = {
  4: { tcp: '@nh,0,8 0x45 @nh,48,32 & 0x3fff00ff == 0x6', icmp: '@nh,0,8 0x45 @nh,48,32 & 0x3fff00ff == 0x1' },
  6: { tcp: '@nh,0,4 0x6 @nh,48,8 0x6', icmp: '@nh,0,4 0x6 @nh,48,8 0x3a' },
};
// Where source and destination lie, and the destination of the packet that an error quotes: nft has no word for that one, and takes no words
// for the others beside it.
const bits = {
  4: { source: '@nh,96,32', destination: '@nh,128,32', quoted: '@th,192,32' },
  6: { source: '@nh,64,128', destination: '@nh,192,128', quoted: '@th,256,128' },
} as const;
// Errors that quote a packet of TCP.
const errors: Readonly<Record<4 | 6, string>> = {
  4: 'icmp type { destination-unreachable, time-exceeded, parameter-problem } @th,64,8 0x45 @th,136,8 0x6',
  6: 'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } @th,64,4 0x6 @th,112,8 0x6',
};
const passed = `meta mark set ${marks.judged} notrack accept`;

type Chain = readonly [name: string, rules: readonly string[]];

/** Chains for what is not tracked, by name. */
export const untrackedSharedChains: readonly string[] = ['c_swift', 'c_tracked', 'c_returned'];

/** Those of a family, without its number. */
export const untrackedFamilyChains: readonly string[] = [
  'c_judge',
  'c_keep',
  'c_ruled',
  'c_swiftout',
  'c_tcpreply',
  'c_tcpback',
  'c_swiftback',
];

/** Sets that packets fill, and that are emptied with every plan and whenever something is taken away. */
export const recentSets: readonly string[] = families.flatMap(({ family }) => [`recent${family}`, `peers${family}`]);

/** Their shape, and that of the map of bound addresses. */
export function untrackedTableLines(size: number): readonly string[] {
  const kept = (seconds: number): string => `flags dynamic,timeout; size ${size}; timeout ${seconds}s;`;
  return families.flatMap(({ family, type }) => [
    `map home${family} { type ${type} : mark; }`,
    `set recent${family} { type ${type} . ${type} . inet_service; ${kept(recentSeconds)} }`,
    `set peers${family} { typeof ${bits[family].source} . ${bits[family].quoted}; ${kept(peersSeconds)} }`,
  ]);
}

/**
 * Whether TCP of the address plane goes past conntrack. Not where it is translated, by us or by others; nor beside the processes of this
 * machine: by the routes that hold them every address is on loopback, and the path of a source shows nothing.
 */
export function isUntracked({ inside, masquerades, tracksFlows, local }: GatewayPlace): boolean {
  return inside.length > 0 && !masquerades && !tracksFlows && local === null;
}

/** Lets pass what was judged before conntrack: first rule of a chain. Nobody else sets this mark. */
export function judgedPasses(place: GatewayPlace): readonly string[] {
  return isUntracked(place) ? [`meta mark ${marks.judged} accept`] : [];
}

/** The chains; empty where everything is tracked. */
export function untrackedChains(place: GatewayPlace): readonly Chain[] {
  const chains: readonly Chain[] = [
    ['c_swift', swiftRules(place)],
    ['c_tracked', ['meta mark set 0 goto c_arrived']],
    ['c_returned', returnedRules(place)],
    ...families.flatMap((words) => familyChains(words, place)),
  ];
  return isUntracked(place) ? chains : chains.map(([name]) => [name, []]);
}

function swiftRules({ binding, inside }: GatewayPlace): readonly string[] {
  // Where all come by one interface, from the hardware address of their own, it is enough to look the path up when an edge is judged.
  const path = binding === 'mac' && inside.length === 1 ? '' : 'fib saddr . iif oif exists ';
  const whose = ({ family, source }: FamilyWords): string =>
    `${path}meta mark set ${binding === 'mac' ? `${source} . ether saddr map @bound${family}` : `${source} map @who${family}`}`;
  return [
    ...families.flatMap((words) => {
      const { family } = words;
      const from = `${plain[family].tcp} ${whose(words)}`;
      const known = `${goesOn} ${edgeOut(words)} @recent${family} ${countedUp(words)} @up${family}`;
      return [`${from} ${known} ${passed}`, `${from} goto c_judge${family}`];
    }),
    // About what came back: a workload may send errors to whom it speaks.
    ...families.map((words) => {
      const { family } = words;
      const about = `${quoting(words)} ${bits[family].source} . ${bits[family].destination} @peers${family}`;
      return `${about} ${whose(words)} ${errorBounds[family]} ${passed}`;
    }),
    'goto c_tracked',
  ];
}

function returnedRules(place: GatewayPlace): readonly string[] {
  return families.flatMap((words) => {
    const { family } = words;
    const to = `${plain[family].tcp} ${goesOn} ${homeOf(words, place)}`;
    const known = `${edgeBack(words)} @recent${family} ${countedDown(words)} @down${family}`;
    return [
      `${to} ${known} ${passed}`,
      `${to} goto c_tcpreply${family}`,
      `${quoting(words)} ${bits[family].destination} . ${bits[family].quoted} @peers${family} ${errorBounds[family]} ${passed}`,
    ];
  });
}

function homeOf({ family, destination }: FamilyWords, { binding }: GatewayPlace): string {
  return `meta mark set ${destination} map @${binding === 'mac' ? 'home' : 'who'}${family}`;
}

function quoting({ family }: FamilyWords): string {
  return `${plain[family].icmp} ${errors[family]}`;
}

function edgeOut({ source, destination }: FamilyWords): string {
  return `${source} . ${destination} . th dport`;
}

function edgeBack({ source, destination }: FamilyWords): string {
  return `${destination} . ${source} . th sport`;
}

function countedUp({ source, destination }: FamilyWords): string {
  return `meta mark . ${source} . ${destination} . meta l4proto . th dport`;
}

function countedDown({ source, destination }: FamilyWords): string {
  return `meta mark . ${destination} . ${source} . meta l4proto . th sport`;
}

function familyChains(words: FamilyWords, place: GatewayPlace): readonly Chain[] {
  const { family, source, destination } = words;
  const [out, back] = [keyOut(words), keyBack(words)];
  const peers = `${bits[family].source} . ${bits[family].destination}`;
  const seen = `update @recent${family} { ${edgeOut(words)} } update @peers${family} { ${peers} }`;
  // A flow of a lease is known by the mark that conntrack keeps. What is not leased keeps its mark: the rule ends where nothing is found.
  const leased = (address: string, then: string): readonly string[] =>
    place.hasLeases ? [`meta mark set ${address} map @lease${family} ${then}`] : [];
  // A set that is full does not take the element and ends its rule there; so what follows is a rule of its own.
  const orElse = (rule: string, then: string): readonly string[] => [`${rule} ${then}`, then];
  const counted = (set: string, edge: string): readonly string[] => [
    `update @${set}${family} { ${edge} counter } ${passed}`,
    `counter name uncounted ${passed}`,
  ];
  return [
    [
      `c_judge${family}`,
      [
        'th dport @worded goto c_tracked',
        ...leased(source, 'goto c_tracked'),
        `${destination} @closed${family} goto c_tracked`,
        ...(family === 6 ? [`${isatap} goto c_tracked`] : []),
        'fib saddr . iif oif missing goto c_tracked',
        `${out} @told${family} goto c_keep${family}`,
        `${out} @openone${family} goto c_ruled${family}`,
        `${out} @toldrange${family} goto c_keep${family}`,
        `${out} @open${family} goto c_ruled${family}`,
        `${begins} goto c_tracked`,
        `${out} @live${family} goto c_keep${family}`,
        // Between two workloads both ways come from inside.
        `${homeOf(words, place)} jump c_tcpback${family}`,
        'goto c_tracked',
      ],
    ],
    [
      `c_keep${family}`,
      orElse(`update @live${family} { ${out} timeout ${idleTimeouts.tcp} } ${seen}`, `goto c_swiftout${family}`),
    ],
    [`c_ruled${family}`, orElse(seen, `goto c_swiftout${family}`)],
    [`c_swiftout${family}`, counted('up', countedUp(words))],
    [`c_tcpreply${family}`, [`jump c_tcpback${family}`, 'meta mark set 0']],
    [
      `c_tcpback${family}`,
      [
        'th sport @worded return',
        ...leased(destination, 'return'),
        `${source} @closed${family} return`,
        ...['live', 'openone', 'told', 'toldrange', 'open'].map(
          (set) => `${back} @${set}${family} goto c_swiftback${family}`,
        ),
      ],
    ],
    [`c_swiftback${family}`, counted('down', countedDown(words))],
  ];
}
