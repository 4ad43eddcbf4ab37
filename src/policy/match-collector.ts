import type { Destination, Host, IpAddress, Protocol } from '../destination/index.ts';
import type { FlatView } from './format/flat-view.ts';
import {
  groupWord,
  headBit,
  headWord,
  keyKind,
  matchFlag,
  matchWord,
  metaWord,
  none,
  owner,
  ownerWord,
} from './format/layout.ts';
import {
  findGroupRef,
  firstMatch,
  hasNextMatch,
  matchPlace,
  mayBeShared,
  serviceNameKey,
  visitBlocks,
} from './format/lookup.ts';
import { createTextProbe, prepareText, suffixHash, type TextProbe } from './format/text-probe.ts';
import { PairList } from './pair-list.ts';

/** The bit of each protocol, by the codes of the format. */
const protocolBit: Readonly<Record<Protocol, number>> = { tls: 1, http: 2, tcp: 4, udp: 8 };
const udpCode = 3;
const tunnelBits = 7;
const anyBits = 15;

/**
 * Matches in pairs: the place of the match in the buffer, and that of the member of a destinations document through which it matched
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
  readonly #service: TextProbe = createTextProbe();
  readonly #host: TextProbe = createTextProbe();
  /** What the service adds to the hashes of its keys. */
  #salt = 0;
  #port = -1;
  #protocols = 0;
  #isUdp = false;
  /** The strictest class of the destination, as an index of `destinationClasses`. */
  class = 0;

  constructor(view: FlatView) {
    this.#view = view;
  }

  /**
   * Finds the head of a service (its slot), or -1, and begins to read what {@link collect} will look for with this host: keys of a
   * service are hashed with its name, not its row, so that nothing has to wait for the head.
   */
  locate(service: string, host: Host): number {
    const { heads, seed } = this.#view;
    this.class = 0;
    const probe = this.#service;
    prepareText(probe, service, seed);
    this.#salt = suffixHash(probe, probe.labels);
    if (host.kind === 'name') {
      prepareText(this.#host, host.name, seed);
      heads.touch(probe, probe.labels, serviceNameKey);
      this.#touchKeys();
    }
    return heads.find(probe, probe.labels, serviceNameKey, serviceNameKey);
  }

  #touchKeys(): void {
    const { keys, meta, words } = this.#view;
    const probe = this.#host;
    keys.touch(probe, probe.labels, this.#salt);
    const depths = words[meta.at + metaWord.ruleDepths] as number;
    for (let labels = 1; labels < probe.labels; labels++) {
      if (hasDepth(depths, labels)) keys.touch(probe, labels, this.#salt);
    }
  }

  /** Fills the lists for one destination and the service that was just located with this host. */
  collect(destination: Destination, head: number): void {
    this.#begin(destination);
    const { host } = destination;
    if (host.kind === 'address') this.#visitAddress(host.address, head);
    else this.#visitName(head);
    this.#addMembers(head);
  }

  /** Fills the lists for an address and the service with this head; -1 for the boundary alone. */
  collectAddress(destination: Destination, address: IpAddress, head: number): void {
    this.#begin(destination);
    this.#visitAddress(address, head);
    this.#addMembers(head);
  }

  #begin(destination: Destination): void {
    this.boundary.clear();
    this.denies.clear();
    this.allows.clear();
    this.members.clear();
    this.class = 0;
    this.#port = destination.port ?? -1;
    this.#isUdp = destination.protocol === 'udp';
    this.#protocols = protocolBits(destination);
  }

  #addMembers(head: number): void {
    const { words } = this.#view;
    const hasGroups = head >= 0 && ((words[head + headWord.bits] as number) & headBit.groups) !== 0;
    for (let i = 0; i < this.members.length; i += 2) {
      this.#addReferences(owner.boundary, this.members.at(i));
      if (hasGroups)
        this.#addReferences(owner.firstService + (words[head + headWord.row] as number), this.members.at(i));
    }
  }

  /** Adds what another collector found against a destination: denies and classes, no allow. */
  addDenials(other: MatchCollector): void {
    this.boundary.pushAll(other.boundary);
    this.denies.pushAll(other.denies);
    this.members.pushAll(other.members);
    this.class = Math.max(this.class, other.class);
  }

  #visitAddress(address: IpAddress, head: number): void {
    this.#visitBlocks(owner.boundary, address);
    this.#visitBlocks(owner.members, address);
    if (head >= 0) this.#visitBlocks(owner.firstService + (this.#view.words[head + headWord.row] as number), address);
  }

  #visitBlocks(ownerIndex: number, address: IpAddress): void {
    visitBlocks(this.#view, ownerIndex, address, (row) => this.#takeSpan(ownerIndex, matchPlace(this.#view, row)));
  }

  #visitName(head: number): void {
    const { words, owners } = this.#view;
    for (let labels = 1; labels <= this.#host.labels; labels++) {
      if (mayBeShared(this.#view, this.#host, labels)) this.#visitShared(labels);
    }
    for (let ownerIndex: number = owner.boundary; ownerIndex <= owner.members; ownerIndex++) {
      this.#takeAny(ownerIndex, words[owners.at + ownerIndex * 4 + ownerWord.anySpan] as number);
    }
    if (head >= 0) this.#visitService(head);
  }

  /** The name itself is not below itself. */
  #visitShared(labels: number): void {
    const kind = labels === this.#host.labels ? keyKind.exact : keyKind.below;
    for (let ownerIndex: number = owner.boundary; ownerIndex <= owner.members; ownerIndex++) {
      const key = ownerIndex * 2 + kind;
      this.#takeSlot(ownerIndex, this.#view.shared.find(this.#host, labels, key, key));
    }
  }

  #visitService(head: number): void {
    const { words, keys } = this.#view;
    const probe = this.#host;
    const ownerIndex = owner.firstService + (words[head + headWord.row] as number);
    const key = ownerIndex * 2;
    const depths = words[head + headWord.belowDepths] as number;
    if ((depths & 1) !== 0) this.#takeSlot(ownerIndex, keys.find(probe, probe.labels, key + keyKind.exact, this.#salt));
    for (let labels = 1; labels < probe.labels; labels++) {
      // Only the depths at which the service has such a key are looked up.
      if (hasDepth(depths, labels))
        this.#takeSlot(ownerIndex, keys.find(probe, labels, key + keyKind.below, this.#salt));
    }
    this.#takeAny(ownerIndex, words[head + headWord.anySpan] as number);
  }

  #takeSlot(ownerIndex: number, slot: number): void {
    if (slot >= 0) this.#takeSpan(ownerIndex, firstMatch(this.#view, slot));
  }

  #takeAny(ownerIndex: number, row: number): void {
    if (row !== none) this.#takeSpan(ownerIndex, matchPlace(this.#view, row));
  }

  #takeSpan(ownerIndex: number, first: number): void {
    const { words } = this.#view;
    for (let at = first; ; at += 4) {
      this.#take(ownerIndex, at, words[at + matchWord.flags] as number, words[at + matchWord.ports] as number);
      if (!hasNextMatch(this.#view, at)) return;
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
    const { words, groups } = this.#view;
    const group = words[match + matchWord.extra] as number;
    const classCode = words[groups.at + group * 2 + groupWord.class] as number;
    if (classCode > this.class) this.class = classCode;
    this.members.push(match, group);
  }

  /** The rules of an owner that refer to the document of a member; the member's target is theirs. */
  #addReferences(ownerIndex: number, member: number): void {
    const { words } = this.#view;
    const memberFlags = words[member + matchWord.flags] as number;
    const ports = words[member + matchWord.ports] as number;
    const first = findGroupRef(this.#view, ownerIndex, words[member + matchWord.extra] as number);
    if (first < 0) return;
    for (let match = matchPlace(this.#view, first); ; match += 4) {
      const flags = words[match + matchWord.flags] as number;
      if ((flags & matchFlag.deny) !== 0) {
        if (this.#denies(memberFlags, ports)) this.#addDeny(ownerIndex, match, member);
      } else if (this.#allows(memberFlags, ports)) this.allows.push(match, member);
      if (!hasNextMatch(this.#view, match)) return;
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

/** Whether an owner has keys of so many labels. */
function hasDepth(depths: number, labels: number): boolean {
  return (depths & (1 << Math.min(labels, 31))) !== 0;
}
