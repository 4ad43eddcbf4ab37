import {
  type FamilyWords,
  families,
  maxCountedEdges,
  maxToldElements,
  namedCounters,
  tableName,
} from './kernel-names.ts';
import type { GatewayPlace } from './kernel-plan.ts';
import { leaseChainNames, leaseMaps, leaseSets, leaseTableLines } from './lease-rules.ts';
import { localBaseChains, localMaps, localSets, localSharedChains } from './local-table.ts';
import { recentSets, untrackedFamilyChains, untrackedSharedChains, untrackedTableLines } from './untracked-rules.ts';

// Told with one port: found by hash. With a run of ports: found by interval, which costs more on every packet.
const edgeSets = ['told', 'live', 'watchtold', 'watchlive'];
// Of the plan, with one address and one port.
const oneSets = ['openone', 'watchedone'];
const rangeSets = ['toldrange', 'watchtoldrange'];
const countSets = ['up', 'down', 'denied', 'observed'];
// Counts are read every few seconds; an edge that is silent for this long begins again at nought.
const countKeptMinutes = 15;

// Chains of the table that hang on a hook of the kernel.
const baseChains: Readonly<Record<string, string>> = {
  // Before conntrack puts fragments together (-400): later nobody sees them.
  c_first: 'type filter hook prerouting priority -450; policy accept;',
  c_pre: 'type filter hook prerouting priority mangle; policy accept;',
  c_dns: 'type nat hook prerouting priority dstnat; policy accept;',
  c_input: 'type filter hook input priority filter; policy accept;',
  // The policy is to accept, since other things are forwarded on this machine too; what comes from or goes to workloads never gets to its end.
  c_forward: 'type filter hook forward priority filter; policy accept;',
  c_post: 'type nat hook postrouting priority srcnat; policy accept;',
  ...localBaseChains,
};
const sharedChains = [
  'c_arrived',
  'c_path',
  'c_inside',
  'c_self',
  'c_from',
  'c_back',
  ...untrackedSharedChains,
  ...localSharedChains,
];
const familyChains = [
  'c_fragment',
  'c_flow',
  'c_name',
  'c_own',
  'c_out',
  'c_error',
  'c_errorpass',
  'c_live',
  'c_renew',
  'c_pass',
  'c_watchlive',
  'c_watched',
  'c_deny',
  'c_denyany',
  'c_reply',
  'c_replylive',
  'c_replywatch',
  'c_replypass',
  ...untrackedFamilyChains,
];

/** Every chain of ours, by name. */
export const chainNames: readonly string[] = [
  ...Object.keys(baseChains),
  ...sharedChains,
  ...leaseChainNames,
  ...families.flatMap(({ family }) => familyChains.map((name) => `${name}${family}`)),
];

/**
 * Chains that such a place has no use for. They are not there: each that hangs on a hook is walked by every packet, and one that translates
 * addresses is asked for each of them.
 */
export function needlessChains({ local, masquerades, runs, dnsPort }: GatewayPlace): readonly string[] {
  const isTranslated = local !== null || masquerades || runs.length > 0;
  return [
    ...(local === null ? Object.keys(localBaseChains) : []),
    ...(isTranslated ? [] : ['c_post']),
    ...(dnsPort === null ? ['c_dns'] : []),
  ];
}

/** Sets that hold the plan: emptied and filled with every plan. */
export const planSets: readonly string[] = [
  'inside',
  'names',
  'worded',
  ...Object.keys(localSets),
  ...families.flatMap(({ family }) => [...oneSets, 'open', 'watched', 'closed'].map((name) => `${name}${family}`)),
];

/** Maps that hold the plan. */
export const planMaps: readonly string[] = [
  ...families.flatMap(({ family }) => [`who${family}`, `bound${family}`, `home${family}`]),
  ...Object.keys(localMaps),
];

/** Sets that outlive a plan: what was told, what lives, what was counted. */
export const keptSets: readonly string[] = [
  ...leaseSets,
  ...recentSets,
  ...families.flatMap(({ family }) =>
    [...edgeSets, ...rangeSets, ...countSets, 'deniedany'].map((name) => `${name}${family}`),
  ),
];

/** Maps that outlive a plan: whose an address is by a lease. */
export const keptMaps: readonly string[] = leaseMaps;

/**
 * The table with its sets and its chains, all without content: what is there already stays as it is. `needless`: chains that
 * hang on no hook and are to go. Default: none.
 */
export function tableText(needless: readonly string[] = []): string {
  const lines = [
    ...namedCounters.map((name) => `counter ${name} { }`),
    'set inside { type ifname; }',
    'set names { type inet_service; }',
    'set worded { type inet_service; }',
    ...untrackedTableLines(maxCountedEdges),
    ...leaseTableLines(),
    ...Object.entries(localSets).map(([name, shape]) => `set ${name} { ${shape} }`),
    ...Object.entries(localMaps).map(([name, shape]) => `map ${name} { ${shape} }`),
    ...families.flatMap(familySets),
    ...chainNames.map((name) => `chain ${name} { ${needless.includes(name) ? '' : (baseChains[name] ?? '')} }`),
  ];
  return `table ${tableName} {\n${lines.join('\n')}\n}\n`;
}

function familySets(words: FamilyWords): readonly string[] {
  const { family, type } = words;
  const edge = `type mark . ${type} . inet_proto . inet_service`;
  const counted = `type mark . ${type} . ${type} . inet_proto . inet_service`;
  const bounded = `flags dynamic,timeout; size ${maxCountedEdges}; timeout ${countKeptMinutes}m;`;
  return [
    `map who${family} { type ${type} : mark; flags interval; }`,
    `map bound${family} { type ${type} . ether_addr : mark; }`,
    `set closed${family} { type ${type}; flags interval; auto-merge; }`,
    `set open${family} { ${edge}; flags interval; }`,
    `set watched${family} { ${edge}; flags interval; }`,
    ...oneSets.map((name) => `set ${name}${family} { ${edge}; }`),
    ...rangeSets.map((name) => `set ${name}${family} { ${edge}; flags interval,timeout; }`),
    ...edgeSets.map(
      (name) => `set ${name}${family} { ${edge}; flags ${isFilledByPackets(name)}timeout; size ${maxToldElements}; }`,
    ),
    ...countSets.map((name) => `set ${name}${family} { ${counted}; ${bounded} }`),
    `set deniedany${family} { type mark . ${type} . ${type} . inet_proto; ${bounded} }`,
  ];
}

function isFilledByPackets(name: string): string {
  return name.includes('live') ? 'dynamic,' : '';
}
