import { type FamilyWords, families, maxLeases, nobodysLease } from './kernel-names.ts';

// Whose a packet is. Addresses of a policy have a service (`who`); leased ones have the number of their lease (`lease`), and that one has
// the service (`tenants`). A flow keeps the number of the lease that it began under, as its mark: taking one element away ends every flow
// of that lease at its next packet, both ways, whoever has the address then and whatever service that is. Numbers are never given twice.
// Elements have the end of the lease as their time: a lease ends in the kernel whether or not anybody is left to end it.

const leased = `ct mark & ${nobodysLease} != 0`;
const unleased = `ct mark & ${nobodysLease} == 0`;
// Of a lease it stays, though another has the address by now: what a server knows as one service's is not carried over. Datagrams are
// each judged by themselves; an error about a flow (ICMP) says nothing of whose it is.
const keepsLease = `${leased} meta l4proto != udp ct state != new return`;
const beginsNot = 'tcp flags & (fin | syn | rst | ack) != syn';

/** Chains that say whose a packet is, by name. */
export const leaseChainNames: readonly string[] = [
  'c_class',
  'c_tenant',
  ...families.map(({ family }) => `c_owner${family}`),
];

/** Maps of leases, which outlive a plan. */
export const leaseMaps: readonly string[] = ['tenants', ...families.map(({ family }) => `lease${family}`)];

/** Sets of leases, which outlive a plan: the hardware addresses that they bind. */
export const leaseSets: readonly string[] = families.map(({ family }) => `leasebound${family}`);

/** Their maps and sets, empty. */
export function leaseTableLines(): readonly string[] {
  return [
    `map tenants { type mark : mark; flags timeout; size ${maxLeases * 2}; }`,
    ...families.flatMap(({ family, type }) => [
      `map lease${family} { type ${type} : mark; flags timeout; size ${maxLeases}; }`,
      `set leasebound${family} { type ${type} . ether_addr; flags timeout; size ${maxLeases}; }`,
    ]),
  ];
}

/** What is in those chains. Without leases nothing is looked up among them; a flow that still has the number of one is nobody's. */
export function leaseChains(hasLeases: boolean): readonly (readonly [string, readonly string[]])[] {
  return [
    ['c_class', hasLeases ? classRules() : ['meta mark set ct mark']],
    ['c_tenant', hasLeases ? tenantRules() : []],
    ...families.map((words) => [`c_owner${words.family}`, ownerRules(words, hasLeases)] as const),
  ];
}

/** Lets in what comes from the hardware address that a lease binds, with the service of the policy as the mark of the packet. */
export function leaseBoundRules(): readonly string[] {
  return families.map(
    ({ family, source }) =>
      `${source} . ether saddr @leasebound${family} meta mark set ${source} map @who${family} goto c_path`,
  );
}

/** A flow that began before its address was leased gets no reply either. */
export function leaseBackRules(): readonly string[] {
  return families.map(
    ({ family, destination }) =>
      `ct direction reply ${unleased} meta mark set ${destination} map @lease${family} ct mark set ${nobodysLease}`,
  );
}

/** What the service of a packet is that no flow has yet: as the mark of the packet. */
export function unownedClass({ family, source }: FamilyWords): readonly string[] {
  return [
    `meta mark set ${source} map @who${family}`,
    `meta mark set ${source} map @lease${family}`,
    'meta mark set meta mark map @tenants',
  ];
}

// The mark of the packet is the service from here on: routes are chosen by then.
function classRules(): readonly string[] {
  return [
    'meta mark set ct mark',
    `${unleased} return`,
    // A look-up that finds nothing ends its rule there: so first nobody.
    'meta mark set 0',
    'meta mark set ct mark map @tenants',
  ];
}

// The mark of the flow, by every packet of who began it: an address of the policy that changes hands takes its live flows along at once.
// The mark of the packet is the service of its address by the policy.
function ownerRules({ family, source }: FamilyWords, hasLeases: boolean): readonly string[] {
  const byLease = `meta mark set ${source} map @lease${family} goto c_tenant`;
  return [...(hasLeases ? [byLease] : []), keepsLease, 'ct mark set meta mark'];
}

// The mark of the packet is the number of the lease of its address.
function tenantRules(): readonly string[] {
  return [
    keepsLease,
    // Began before the lease, or is taken up in its midst after conntrack has lost it: a connection of somebody else.
    `meta l4proto != udp ct state != new meta mark set ${nobodysLease}`,
    `${beginsNot} meta mark set ${nobodysLease}`,
    'ct mark set meta mark',
  ];
}
