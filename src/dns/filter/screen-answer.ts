import type { IpAddress } from '../../destination/index.ts';
import { ipAddressFromBytes } from '../../destination/index.ts';
import type { Reason, Verdict } from '../../policy/index.ts';
import { type DnsMessage, type DnsRecord, dnsTypes, internetClass, rewriteSvcb } from '../../wire/index.ts';
import { addressOfRecord } from '../lookup/address-data.ts';
import type { Answer } from '../lookup/answer.ts';
import type { RpzIndex, RpzMatch } from '../rpz/open-rpz.ts';
import type { FilterOptions } from './filter-options.ts';
import { findDeniedLink, type JudgedQuestion } from './judge-question.ts';

/** An address that was taken out of an answer. */
export interface RemovedAddress {
  readonly address: string;
  readonly reason: Reason;
  readonly why: string;
}

const longestText = 500;

/** What was taken out, for the detail of a record; null where nothing was. */
export function removedText(removed: readonly RemovedAddress[]): string | null {
  if (removed.length === 0) return null;
  return removed
    .map(({ address, why }) => `${address}: ${why}`)
    .join('; ')
    .slice(0, longestText);
}

/** What of an answer may be told to a service, and what of it was not. */
export interface ScreenedAnswer {
  readonly message: DnsMessage;
  /** Addresses that are told, hints included. */
  readonly addresses: readonly IpAddress[];
  readonly removed: readonly RemovedAddress[];
  /** A deny that was met on the way: nothing of the answer is told. */
  readonly denied: { readonly verdict: Verdict; readonly link: string } | null;
  /** An entry of a response policy zone that met an alias or an address. */
  readonly zone: RpzMatch | null;
}

/**
 * Screens an answer for a service: denies of the policy and zones hold on every alias, addresses pass the guard that dialling has, hints
 * of SVCB and HTTPS are addresses too, `ech` is taken out, and h3 where no datagram may follow. The additional section is left out.
 */
export function screenAnswer(
  options: FilterOptions,
  judged: JudgedQuestion,
  answer: Answer,
  passed: RpzMatch | null,
): ScreenedAnswer {
  const { message, links } = answer;
  const link = findDeniedLink(options, judged, links);
  if (link !== null) return { ...nothingOf(message), denied: link, zone: null };
  const linkZone = findLinkZone(options.zones(), links, passed);
  if (linkZone !== null) return { ...nothingOf(message), denied: null, zone: linkZone };
  const guard = createGuard(options, judged, passed);
  const answers = message.answers.flatMap((record) => screenRecord(record, guard, judged));
  const { zone, removed, addresses } = guard;
  const screened = { ...message, answers, authorities: authoritiesOf(message), additionals: [] };
  if (zone !== null) return { ...nothingOf(message), denied: null, zone };
  return { message: screened, addresses, removed, denied: null, zone: null };
}

// An entry that lets pass ends the search in its zone and in later ones, on every later link too.
function findLinkZone(zones: RpzIndex, links: readonly string[], passed: RpzMatch | null): RpzMatch | null {
  let before = passed;
  for (const link of links) {
    const match = zones.matchName(link, before);
    if (match !== null && match.action.kind !== 'passthru') return match;
    before = match ?? before;
  }
  return null;
}

function nothingOf(message: DnsMessage): Pick<ScreenedAnswer, 'message' | 'addresses' | 'removed'> {
  return { message: { ...message, answers: [], authorities: [], additionals: [] }, addresses: [], removed: [] };
}

// The SOA of a "no" says for how long it holds; other authorities are nobody's business.
function authoritiesOf({ answers, authorities }: DnsMessage): readonly DnsRecord[] {
  return answers.length > 0 ? [] : authorities.filter(({ type }) => type === dnsTypes.soa);
}

/** Asks about addresses one by one and remembers what it said. */
interface Guard {
  keeps(address: IpAddress): boolean;
  zone: RpzMatch | null;
  readonly addresses: IpAddress[];
  readonly removed: RemovedAddress[];
}

function createGuard({ judge, policy, zones }: FilterOptions, judged: JudgedQuestion, passed: RpzMatch | null): Guard {
  const network = policy.network();
  const index = zones();
  const guard: Guard = {
    zone: null,
    addresses: [],
    removed: [],
    keeps: (address) => {
      const match = index.matchAddress(address, passed);
      if (match !== null && match.action.kind !== 'passthru') guard.zone ??= match;
      const { kept, refused } = judge.screen(judged.policy, judged.request, judged.verdict, {
        addresses: [address],
        network,
      });
      for (const { reason, why } of refused) guard.removed.push({ address: address.text, reason, why });
      guard.addresses.push(...kept);
      return kept.length > 0;
    },
  };
  return guard;
}

function screenRecord(record: DnsRecord, guard: Guard, { verdict }: JudgedQuestion): readonly DnsRecord[] {
  if (record.class !== internetClass) return [];
  if (record.type === dnsTypes.svcb || record.type === dnsTypes.https) {
    const data = rewriteSvcb(record.data, {
      stripEch: !verdict.admission.ech,
      stripH3: !verdict.admission.udp,
      keepHint: (bytes) => {
        const address = ipAddressFromBytes(bytes);
        return address !== null && guard.keeps(address);
      },
    });
    return data === null ? [] : [{ ...record, data }];
  }
  if (record.type !== dnsTypes.a && record.type !== dnsTypes.aaaa) return [record];
  const address = addressOfRecord(record);
  return address !== null && guard.keeps(address) ? [record] : [];
}
