import type { LocalPlace, LocalPlan } from './local-plan.ts';

/** A run of addresses, both ends included, of one family, as canonical text. One address: both ends are the same. */
export interface AddressRun {
  readonly family: 4 | 6;
  readonly from: string;
  readonly to: string;
}

/** A run of ports, both ends included. */
export interface PortRun {
  readonly from: number;
  readonly to: number;
}

/** What the kernel does with a packet that an entry covers: `allow`, or `observe`: it passes, and is counted as what would be denied. */
export type KernelVerdict = 'allow' | 'observe';

/** The service of a source address. Entries are disjoint; addresses that none covers belong to nobody. */
export interface SourceEntry extends AddressRun {
  /** 1 to 2^24 - 1. */
  readonly serviceId: number;
}

/** What a service may reach by address, whatever DNS told it: from rules and grants for addresses. Entries of a service are disjoint. */
export interface OpenEntry extends AddressRun {
  readonly serviceId: number;
  readonly protocol: 'tcp' | 'udp';
  readonly ports: PortRun;
  readonly verdict: KernelVerdict;
}

/** An address that DNS told a service, which the service may reach at these ports for a while. */
export interface ToldEntry {
  readonly serviceId: number;
  readonly family: 4 | 6;
  readonly address: string;
  readonly protocol: 'tcp' | 'udp';
  readonly ports: PortRun;
  readonly verdict: KernelVerdict;
}

/** Which hardware address a source address is bound to. */
export interface Binding {
  readonly family: 4 | 6;
  readonly address: string;
  /** `02:00:00:00:00:01`. */
  readonly mac: string;
}

/** Whose an address is by a lease. */
export interface LeaseEntry {
  readonly family: 4 | 6;
  readonly address: string;
  /** The number of the lease, 2^31 + 1 to 2^32 - 1, never given twice; 2^31: the address is nobody's. */
  readonly tenure: number;
  /** 0: nobody. */
  readonly serviceId: number;
  /** For how long it is held, 1 to 86,400,000. */
  readonly milliseconds: number;
  /** The hardware address that it binds, or null. */
  readonly mac: string | null;
}

/** How the gateway is set in its machine. */
export interface GatewayPlace {
  /** Interfaces that workloads are behind. */
  readonly inside: readonly string[];
  /** `mac`: a source is let in only from the hardware address it is bound to. `path`: only by the interface that leads back to it. */
  readonly binding: 'mac' | 'path';
  /** The port of the transparent listener, TCP. */
  readonly listenerPort: number;
  /** The ports, TCP, that are read by name. */
  readonly namePorts: readonly number[];
  /** The port of the DNS filter, UDP and TCP. Null: questions are refused. */
  readonly dnsPort: number | null;
  /** The port of the explicit proxy that workloads may use. Null: none. */
  readonly proxyPort: number | null;
  /** Whose own sockets may go out: the user of the point. */
  readonly userId: number;
  /**
   * Whether routes out are kept in a table of their own that only our mark leads to, so that nothing goes out once the ruleset is gone.
   */
  readonly guardsRoutes: boolean;
  /** Whether sources are translated to the address of the interface that leads out. */
  readonly masquerades: boolean;
  /** Whether conntrack follows TCP of the address plane too: where others translate it, and where addresses of the policy are leased. */
  readonly tracksFlows: boolean;
  /** Whether addresses are leased; if not, no packet is looked up among leases, and none is taken. */
  readonly hasLeases: boolean;
  /** How processes of this machine itself are held; null: they are not. */
  readonly local: LocalPlace | null;
  /** Networks that runs have their addresses of, at most one of a family. Empty: no run is behind this gateway. */
  readonly runs: readonly AddressRun[];
}

/** The address of a run, and the gateway's on the link to it. */
export interface RunAddress {
  readonly address: string;
  readonly gateway: string;
}

/** The link between the gateway and the network namespace of one run. */
export interface RunLink {
  /** Its number, 0 to 63. Names and hardware addresses follow from it. */
  readonly index: number;
  /** At most one of a family. */
  readonly addresses: readonly RunAddress[];
}

/** Everything that the kernel is to hold beside what DNS told: replaced as a whole, and what was told is kept. */
export interface KernelPlan {
  readonly place: GatewayPlace;
  readonly sources: readonly SourceEntry[];
  readonly local: LocalPlan;
  readonly bindings: readonly Binding[];
  readonly open: readonly OpenEntry[];
  /** Addresses that nobody reaches, whatever is open: metadata and platform addresses, dedicated resolvers that answer DNS over HTTPS. */
  readonly closed: readonly AddressRun[];
}

/** What packets of one edge came to since the kernel began to count it. */
export interface EdgeCount {
  readonly serviceId: number;
  readonly family: 4 | 6;
  readonly source: string;
  readonly address: string;
  /** A number of IANA: 6 is TCP. */
  readonly protocol: number;
  /** Null for protocols without ports. */
  readonly port: number | null;
  readonly packets: number;
  readonly bytes: number;
}

/** What the kernel counted. `up` and `down` are packets that passed, by edge; `denied` did not; `observed` passed and would be denied. */
export interface KernelCounts {
  readonly up: readonly EdgeCount[];
  readonly down: readonly EdgeCount[];
  readonly denied: readonly EdgeCount[];
  readonly observed: readonly EdgeCount[];
  readonly dropped: DropCounts;
}

/** What an edge is counted for. */
export type KindOfCount = Exclude<keyof KernelCounts, 'dropped'>;

/** What of the counts is another since a reading. `isAll`: these are all edges, and others are none any more. */
export interface CountChanges extends KernelCounts {
  /** The number of this reading, to be asked by the next time. */
  readonly round: number;
  readonly isAll: boolean;
  /** Edges that the kernel forgot: it begins anew at nought. */
  readonly gone: readonly { readonly kind: KindOfCount; readonly edge: EdgeCount }[];
}

/** Packets that were dropped before they had an edge, since the table was made. */
export interface DropCounts {
  /** From a source that its hardware address, its lease or its path does not bear out. */
  readonly spoofed: number;
  /** That belong to no connection that conntrack can follow. */
  readonly invalid: number;
  /** That began outside. */
  readonly inbound: number;
}
