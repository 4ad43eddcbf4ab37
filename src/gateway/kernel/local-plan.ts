/** How the processes of this machine itself are held. */
export interface LocalPlace {
  /** The group that the point runs as: with its user it is the point and no other program of that user. */
  readonly groupId: number;
  /** Users whose processes are not judged at all. */
  readonly exempt: readonly number[];
  /** Users that may ask for an address of this machine (DHCP). */
  readonly leasing: readonly number[];
  /** Ports at which this machine answers whoever connects from outside. */
  readonly inbound: readonly { readonly from: number; readonly to: number }[];
}

/** A cgroup of v2 that an identity names, below the root; a process is in the deepest of those that hold it. */
export interface HeldCgroup {
  /** From 1 on; 0 is no cgroup of these. */
  readonly index: number;
  readonly path: string;
}

/** The service of processes: of one user or any other (null), of one group or any other, in one cgroup. `serviceId` 0 is nobody. */
export interface ProcessEntry {
  readonly cgroup: number;
  readonly userId: number | null;
  readonly groupId: number | null;
  readonly serviceId: number;
}

/** The seat of a service: the address of loopback by which the listener and the filter know who asks. */
export interface Seat {
  readonly serviceId: number;
  /** 1 to {@link mostSeats}. */
  readonly seat: number;
}

/** Who on this machine is which service. */
export interface LocalPlan {
  readonly cgroups: readonly HeldCgroup[];
  readonly processes: readonly ProcessEntry[];
  readonly seats: readonly Seat[];
}

/** A plan of a machine whose own processes are nobody, or are not held. */
export const emptyLocalPlan: LocalPlan = { cgroups: [], processes: [], seats: [] };

/** The most seats. The next one is nobody's: processes without a service sit there. */
export const mostSeats = 65_534;

/**
 * Networks of the seats. A packet gets its address from the kernel, after it is known whose it is; one that has such an address before is
 * dropped. Of 127.0.0.0/8, which never leaves a machine, and a unique local prefix (RFC 4193) that is routed to loopback.
 */
export const seatNetworks = { 4: '127.71.0.0/16', 6: 'fd65:7865:6174::/96' } as const;

/** The addresses of a seat; null for the one of nobody. */
export function seatAddresses(seat: number | null): { readonly 4: string; readonly 6: string } {
  const number = seat ?? mostSeats + 1;
  return { 4: `127.71.${number >>> 8}.${number & 255}`, 6: `fd65:7865:6174::${number.toString(16)}` };
}

/** Whether an address in canonical text is one of a seat. */
export function isSeatAddress(address: string): boolean {
  return address.startsWith('127.71.') || address.startsWith('fd65:7865:6174::');
}
