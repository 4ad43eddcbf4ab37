import { embeddedIpv4, type IpAddress, type PortRange, type Protocol } from '../../destination/index.ts';
import { protocolCodes } from '../format/codes.ts';
import type { FlatView } from '../format/flat-view.ts';
import { matchFlag, matchWord, owner } from '../format/layout.ts';
import { matchPlace, visitBlocks, walkSpan } from '../format/lookup.ts';
import type { OpenedGrant } from '../grant-index.ts';
import { isOpenMatch } from './plane-index.ts';

/** Ports from `from` to `to`, both included. */
export interface PortRun {
  readonly from: number;
  readonly to: number;
}

/** How packets travel that nothing reads. */
export type OpaqueProtocol = Extract<Protocol, 'tcp' | 'udp'>;

/** Both, in the order of every list here. */
export const opaqueProtocols: readonly OpaqueProtocol[] = ['tcp', 'udp'];

const lastPort = 65_535;

/**
 * Where the answer may change from port to port, and at which ports anything may be allowed at all: only those are asked about. Reused
 * from cell to cell.
 */
export class PortCuts {
  readonly #view: FlatView;
  readonly #starts: number[] = [];
  readonly #open: Readonly<Record<OpaqueProtocol, PortRange[]>> = { tcp: [], udp: [] };

  constructor(view: FlatView) {
    this.#view = view;
  }

  clear(): void {
    this.#starts.length = 0;
    for (const protocol of opaqueProtocols) this.#open[protocol].length = 0;
  }

  /** Whether nothing is allowed by anything that was added. */
  get isShut(): boolean {
    return opaqueProtocols.every((protocol) => this.#open[protocol].length === 0);
  }

  /** Observing may let through whatever is missed. */
  openAll(): void {
    for (const protocol of opaqueProtocols) this.#open[protocol].push({ first: 1, last: lastPort });
  }

  addPort(port: number): void {
    this.#addRange({ first: port, last: port });
  }

  addGrant({ target: { protocol, ports } }: OpenedGrant): void {
    if (protocol === 'tcp' || protocol === 'udp') this.#addOpen(protocol, ports);
  }

  /** Adds every match of a key. A member may be what a rule allows, and says a class for its ports whatever its protocol. */
  addMatches(ownerIndex: number, first: number): void {
    const { words } = this.#view;
    walkSpan(this.#view, first, (match) => {
      const flags = words[match + matchWord.flags] as number;
      const protocol = protocolCodes[flags & matchFlag.protocolMask];
      if (isOpenMatch(flags)) this.#addOpen(protocol === 'udp' ? 'udp' : 'tcp', portsOfMatch(this.#view, match));
      else if ((flags & matchFlag.deny) !== 0 || ownerIndex === owner.members) {
        for (const range of portsOfMatch(this.#view, match)) this.#addRange(range);
      }
    });
  }

  /**
   * Adds the entries of the boundary, the members and an owner (null: of nobody else) that hold an address, or the IPv4 that it carries.
   * Rules that refer to a document use the ports of its members.
   */
  addAddress(address: IpAddress, ownerIndex: number | null): void {
    for (const each of [address, ...embeddedIpv4(address)]) {
      this.#addBlocks(owner.boundary, each);
      this.#addBlocks(owner.members, each);
      if (ownerIndex !== null) this.#addBlocks(ownerIndex, each);
    }
  }

  /** The stretches of ports in which the answer is the same, in order; without those where nothing can allow the protocol. */
  cells(protocol: OpaqueProtocol): readonly PortRun[] {
    const open = this.#open[protocol];
    if (open.length === 0) return [];
    const starts = [...new Set([1, ...this.#starts])].sort((one, other) => one - other);
    const runs = starts.map((from, index) => ({ from, to: (starts[index + 1] ?? lastPort + 1) - 1 }));
    return runs.filter(({ from }) => open.some(({ first, last }) => from >= first && from <= last));
  }

  #addBlocks(ownerIndex: number, address: IpAddress): void {
    visitBlocks(this.#view, ownerIndex, address, (row) => this.addMatches(ownerIndex, matchPlace(this.#view, row)));
  }

  #addOpen(protocol: OpaqueProtocol, ports: readonly PortRange[]): void {
    for (const range of ports) {
      this.#open[protocol].push({ first: Math.max(range.first, 1), last: range.last });
      this.#addRange(range);
    }
  }

  /** Port 0 is no port. */
  #addRange({ first, last }: PortRange): void {
    if (first > 1) this.#starts.push(first);
    if (last < lastPort) this.#starts.push(last + 1);
  }
}

/** The ports of a match, sorted and apart. */
export function portsOfMatch({ words, lists }: FlatView, match: number): readonly PortRange[] {
  const ports = words[match + matchWord.ports] as number;
  if (((words[match + matchWord.flags] as number) & matchFlag.manyPorts) === 0) return [rangeOf(ports)];
  const count = Math.min(words[lists.at + ports] as number, lists.length);
  return Array.from({ length: count }, (_, index) => rangeOf(words[lists.at + ports + index + 1] as number));
}

function rangeOf(word: number): PortRange {
  return { first: word >>> 16, last: word & 65_535 };
}
