import type { Destination, Host, Protocol } from '../destination/index.ts';
import type { FlatView } from './format/flat-view.ts';
import { groupWord, keyKind, matchFlag, matchWord, none, owner, ownerWord } from './format/layout.ts';
import {
  createNameProbe,
  findGroupRef,
  findSuffix,
  type NameProbe,
  prepareName,
  touchName,
  visitBlocks,
} from './format/lookup.ts';
import { PairList } from './pair-list.ts';

/** The bit of each protocol, by the codes of the format. */
const protocolBit: Readonly<Record<Protocol, number>> = { tls: 1, http: 2, tcp: 4, udp: 8 };
const udpCode = 3;
const tunnelBits = 7;
const anyBits = 15;

/**
 * Matches in pairs: the row in `matches`, and the row of the member of a destinations document through which it matched
 * (-1 where the rule names the target itself).
 */
export type MatchPairs = readonly number[];

/**
 * Finds every entry that covers a destination. Reused from decision to decision, so that deciding allocates little; deciding is
 * synchronous and never nests. What counts as covered:
 * - an allow covers host, port and protocol; a tunnel (protocol null) is covered by tls, http and tcp entries; a name without a
 *   port (DNS) by entries of any port and protocol;
 * - a deny covers host and port however the bytes travel, so that `tls`, which nobody has to write, is no hole; one for `udp://`
 *   covers udp only. Without a port it covers when it holds all ports;
 * - a member says the class of host and port, whatever the protocol.
 */
export class MatchCollector {
  readonly boundary: PairList = new PairList();
  readonly denies: PairList = new PairList();
  readonly allows: PairList = new PairList();
  /** Members of destinations documents, with their group. */
  readonly members: PairList = new PairList();
  readonly #view: FlatView;
  readonly #probe: NameProbe = createNameProbe();
  #port = -1;
  #protocols = 0;
  #isUdp = false;
  /** The strictest class of the destination, as an index of `destinationClasses`. */
  class = 0;

  constructor(view: FlatView) {
    this.#view = view;
  }

  /** Fills the lists for one destination and the service with this owner number. */
  collect(destination: Destination, serviceOwner: number, hasGroups: boolean): void {
    this.boundary.clear();
    this.denies.clear();
    this.allows.clear();
    this.members.clear();
    this.class = 0;
    this.#port = destination.port ?? -1;
    this.#isUdp = destination.protocol === 'udp';
    this.#protocols = protocolBits(destination);
    const { host } = destination;
    if (host.kind === 'name') {
      prepareName(this.#view, this.#probe, host.name);
      touchName(this.#view, this.#probe, serviceOwner * 2 + keyKind.exact);
    }
    this.#visitOwner(owner.boundary, host);
    this.#visitOwner(owner.members, host);
    this.#visitOwner(serviceOwner, host);
    for (let i = 0; i < this.members.length; i += 2) {
      this.#addReferences(owner.boundary, this.members.at(i));
      if (hasGroups) this.#addReferences(serviceOwner, this.members.at(i));
    }
  }

  /** Adds what another collector found against a destination: denies and classes, no allow. */
  addDenials(other: MatchCollector): void {
    this.boundary.pushAll(other.boundary);
    this.denies.pushAll(other.denies);
    this.members.pushAll(other.members);
    this.class = Math.max(this.class, other.class);
  }

  #visitOwner(ownerIndex: number, host: Host): void {
    const { words, owners } = this.#view;
    if (host.kind === 'address') {
      visitBlocks(this.#view, ownerIndex, host.address, (span) => this.#takeSpan(ownerIndex, span));
      return;
    }
    const row = owners.at + ownerIndex * 4;
    const probe = this.#probe;
    const exact = findSuffix(this.#view, probe, probe.labels, ownerIndex * 2 + keyKind.exact);
    if (exact >= 0) this.#takeSpan(ownerIndex, exact);
    const depths = words[row + ownerWord.belowDepths] as number;
    if (depths !== 0) this.#visitBelow(ownerIndex, depths);
    const any = words[row + ownerWord.anySpan] as number;
    if (any !== none) this.#takeSpan(ownerIndex, any);
  }

  /** Only the depths at which the owner has such a key are looked up; the name itself is not below itself. */
  #visitBelow(ownerIndex: number, depths: number): void {
    const probe = this.#probe;
    for (let labels = 1; labels < probe.labels; labels++) {
      if ((depths & (1 << Math.min(labels, 31))) === 0) continue;
      const span = findSuffix(this.#view, probe, labels, ownerIndex * 2 + keyKind.below);
      if (span >= 0) this.#takeSpan(ownerIndex, span);
    }
  }

  /** A span whose mark of the last entry was damaged ends with the section. */
  #takeSpan(ownerIndex: number, span: number): void {
    const { words, matches } = this.#view;
    const end = matches.at + matches.length;
    for (let at = matches.at + span * 4; at < end; at += 4) {
      const flags = words[at + matchWord.flags] as number;
      this.#take(ownerIndex, (at - matches.at) >>> 2, flags, words[at + matchWord.ports] as number);
      if ((flags & matchFlag.last) !== 0) return;
    }
  }

  #take(ownerIndex: number, match: number, flags: number, ports: number): void {
    if (ownerIndex === owner.members) {
      if (this.#coversPort(flags, ports)) this.#addMember(match);
    } else if ((flags & matchFlag.deny) !== 0) {
      if (this.#denies(flags, ports)) this.#addDeny(ownerIndex, match, -1);
    } else if (this.#allows(flags, ports)) this.allows.push(match, -1);
  }

  #addMember(match: number): void {
    const { words, matches, groups } = this.#view;
    const group = words[matches.at + match * 4 + matchWord.extra] as number;
    const classCode = words[groups.at + group * 2 + groupWord.class] as number;
    if (classCode > this.class) this.class = classCode;
    this.members.push(match, group);
  }

  /** The rules of an owner that refer to the document of a member; the member's target is theirs. */
  #addReferences(ownerIndex: number, member: number): void {
    const { words, matches } = this.#view;
    const at = matches.at + member * 4;
    const memberFlags = words[at + matchWord.flags] as number;
    const ports = words[at + matchWord.ports] as number;
    const first = findGroupRef(this.#view, ownerIndex, words[at + matchWord.extra] as number);
    if (first < 0) return;
    for (let match = first; match * 4 < matches.length; match++) {
      const flags = words[matches.at + match * 4 + matchWord.flags] as number;
      if ((flags & matchFlag.deny) !== 0) {
        if (this.#denies(memberFlags, ports)) this.#addDeny(ownerIndex, match, member);
      } else if (this.#allows(memberFlags, ports)) this.allows.push(match, member);
      if ((flags & matchFlag.last) !== 0) return;
    }
  }

  #addDeny(ownerIndex: number, match: number, member: number): void {
    const list = ownerIndex === owner.boundary ? this.boundary : this.denies;
    list.push(match, member);
  }

  #allows(flags: number, ports: number): boolean {
    return ((1 << (flags & matchFlag.protocolMask)) & this.#protocols) !== 0 && this.#coversPort(flags, ports);
  }

  #denies(flags: number, ports: number): boolean {
    if ((flags & matchFlag.protocolMask) === udpCode && !this.#isUdp) return false;
    return this.#port < 0 ? (flags & matchFlag.allPorts) !== 0 : this.#coversPort(flags, ports);
  }

  #coversPort(flags: number, ports: number): boolean {
    const port = this.#port;
    if (port < 0) return true;
    if ((flags & matchFlag.manyPorts) === 0) return port >= ports >>> 16 && port <= (ports & 65535);
    const { words, lists } = this.#view;
    const count = Math.min(words[lists.at + ports] as number, lists.length);
    for (let i = 1; i <= count; i++) {
      const range = words[lists.at + ports + i] as number;
      if (port >= range >>> 16 && port <= (range & 65535)) return true;
    }
    return false;
  }
}

function protocolBits(destination: Destination): number {
  if (destination.protocol !== null) return protocolBit[destination.protocol];
  return destination.port === null ? anyBits : tunnelBits;
}
