import type { KernelPlan } from './kernel-plan.ts';
import { seatAddresses } from './local-plan.ts';

/** Base chains for processes of this machine. */
export const localBaseChains: Readonly<Record<string, string>> = {
  // Of the kind `route`: a packet that gets another mark here gets another way.
  c_output: 'type route hook output priority mangle; policy accept;',
  // -100 is `dstnat`, which nft 1.0.6 does not know by name on this hook.
  c_ask: 'type nat hook output priority -100; policy accept;',
};

/** Chains for processes of this machine that are jumped to, and those of a family. */
export const localSharedChains: readonly string[] = [
  'c_near',
  'c_question',
  'c_who',
  'c_answer',
  'c_seat',
  'c_arrive',
  'c_tproxy',
];

/** Sets of the plan for processes of this machine, with their shape. */
export const localSets: Readonly<Record<string, string>> = {
  point: 'type uid . gid;',
  exempt: 'type uid;',
  leasing: 'type uid;',
  inbound: 'type inet_service; flags interval; auto-merge;',
  same: 'type mark . mark;',
};

/** Maps of the plan for processes of this machine, with their shape. */
export const localMaps: Readonly<Record<string, string>> = {
  whoboth: 'type mark . uid . gid : mark;',
  whouser: 'type mark . uid : mark;',
  whogroup: 'type mark . gid : mark;',
  whoany: 'type mark : mark;',
  seats4: 'type mark : ipv4_addr;',
  seats6: 'type mark : ipv6_addr;',
};

/** Elements of those sets and maps, by name. */
export function localElements({ place, local }: KernelPlan): readonly (readonly [string, readonly string[]])[] {
  if (place.local === null) return [];
  const { groupId, exempt, leasing, inbound } = place.local;
  const seats = [{ serviceId: 0, at: seatAddresses(null) }].concat(
    local.seats.map(({ serviceId, seat }) => ({ serviceId, at: seatAddresses(seat) })),
  );
  return [
    ['point', [`${place.userId} . ${groupId}`]],
    ['exempt', exempt.map(String)],
    ['leasing', leasing.map(String)],
    ['inbound', inbound.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))],
    ['same', seats.map(({ serviceId }) => `${serviceId} . ${serviceId}`)],
    ...whoElements(local.processes),
    ['seats4', seats.map(({ serviceId, at }) => `${serviceId} : ${at[4]}`)],
    ['seats6', seats.map(({ serviceId, at }) => `${serviceId} : ${at[6]}`)],
  ];
}

function whoElements(processes: KernelPlan['local']['processes']): readonly (readonly [string, readonly string[]])[] {
  const byMap: Record<string, string[]> = { whoboth: [], whouser: [], whogroup: [], whoany: [] };
  for (const { cgroup, userId, groupId, serviceId } of processes) {
    const map = userId === null ? (groupId === null ? 'whoany' : 'whogroup') : groupId === null ? 'whouser' : 'whoboth';
    const key = [cgroup, userId, groupId].filter((part) => part !== null).join(' . ');
    byMap[map]?.push(`${key} : ${serviceId}`);
  }
  return Object.entries(byMap);
}
