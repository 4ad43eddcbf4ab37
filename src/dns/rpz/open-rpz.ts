import type { IpAddress } from '../../destination/index.ts';
import type { RpzAction } from './rpz-action.ts';
import type { RpzRule, RpzZone } from './rpz-zone.ts';

/** A rule that holds for a question or for a part of its answer. */
export interface RpzMatch {
  /** The origin of the zone. */
  readonly zone: string;
  /** The place of the zone among the zones, from 0. */
  readonly rank: number;
  /** As the zone spells it, below its origin. */
  readonly trigger: string;
  readonly kind: 'client_ip' | 'qname' | 'ip';
  readonly action: RpzAction;
}

/**
 * Several policy zones in order: the first one with a rule for what is asked decides, and PASSTHRU is a decision like any other. Inside a
 * zone who asks comes before the name, and the most specific rule holds: the name itself, then the nearest wildcard; the longest block.
 */
export interface RpzIndex {
  /** The rule for a question before anything is asked for it. `name` is lower-case, without a last dot. */
  matchQuestion(name: string, clientAddress: IpAddress | null): RpzMatch | null;
  /**
   * The rule for a name that an answer leads to (CNAME, DNAME). With the match of the question, or of a link before, only zones before
   * that of the match are looked at: PASSTHRU there ended the search in its own zone and in later ones.
   */
  matchName(name: string, before?: RpzMatch | null): RpzMatch | null;
  /** The rule for an address of an answer; `before` as for `matchName`. */
  matchAddress(address: IpAddress, before?: RpzMatch | null): RpzMatch | null;
  readonly zones: readonly RpzZone[];
}

/** Makes one index of zones, the first one being asked first. Costs nothing: do it again whenever a zone changed. */
export function openRpz(zones: readonly RpzZone[]): RpzIndex {
  const search = (
    kind: RpzMatch['kind'],
    before: RpzMatch | null,
    find: (zone: RpzZone) => RpzRule | null,
  ): RpzMatch | null => {
    const end = Math.min(zones.length, before?.rank ?? zones.length);
    for (let rank = 0; rank < end; rank += 1) {
      const match = matchIn(zones, rank, kind, find);
      if (match !== null) return match;
    }
    return null;
  };
  return {
    zones,
    matchQuestion: (name, clientAddress) => {
      for (let rank = 0; rank < zones.length; rank += 1) {
        const match =
          (clientAddress === null
            ? null
            : matchIn(zones, rank, 'client_ip', (zone) => zone.findClient(clientAddress))) ??
          matchIn(zones, rank, 'qname', (zone) => zone.findName(name));
        if (match !== null) return match;
      }
      return null;
    },
    matchName: (name, before = null) => search('qname', before, (zone) => zone.findName(name)),
    matchAddress: (address, before = null) => search('ip', before, (zone) => zone.findAddress(address)),
  };
}

function matchIn(
  zones: readonly RpzZone[],
  rank: number,
  kind: RpzMatch['kind'],
  find: (zone: RpzZone) => RpzRule | null,
): RpzMatch | null {
  const zone = zones[rank];
  const rule = zone === undefined ? null : find(zone);
  return zone === undefined || rule === null ? null : { zone: zone.name, rank, kind, ...rule };
}
