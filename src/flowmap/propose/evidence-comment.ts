import type { NameRank } from '../edge.ts';
import { apartReasons } from './apart-reasons.ts';
import type { ApartEntry, Evidence, ProposedEntry } from './proposal.ts';

/** How sure the name is, for people who read a comment. */
const rankSays: Readonly<Record<NameRank, string>> = {
  record: 'certain: on the flow record itself',
  answer: 'good: the only name that the client was told for the address',
  candidates: 'weak: one of several names',
  'other-client': 'weak: a name that only other clients were told',
  provider: "none: an address in a provider's range",
  address: 'none: nothing but an address',
};

const mostListed = 8;

/** The evidence of an entry as lines of a comment, without the `#`: how much, how sure, by what. */
export function evidenceLines(entry: ProposedEntry): readonly string[] {
  const { evidence, names, notes, to } = entry;
  return [
    ...(names.length === 0 ? [] : wildcardLines(to, names)),
    amountText(evidence),
    sureText(evidence),
    ...declaredLines(evidence),
    ...notes,
  ];
}

/** Why something is listed apart, and its evidence, as lines of a comment. */
export function apartLines({ reasons, evidence, destination, to }: ApartEntry): readonly string[] {
  const whys = reasons.map(({ reason, detail }) => {
    const { says, mend } = apartReasons[reason];
    return `${reason}: ${says}${detail === null ? '' : ` (${detail})`}; ${mend}`;
  });
  return [
    ...(to === null ? [destination] : []),
    ...whys,
    amountText(evidence),
    sureText(evidence),
    ...declaredLines(evidence),
  ];
}

function wildcardLines(to: string, names: readonly string[]): readonly string[] {
  const more = names.length > mostListed ? `, and ${names.length - mostListed} more` : '';
  return [
    `${names.length} names were seen: ${names.slice(0, mostListed).join(' ')}${more}`,
    `\`${to}\` admits any name below, without bound: the ${names.length} seen and every other that its owner makes`,
  ];
}

function amountText(evidence: Evidence): string {
  const { days, observedDays, connections, bytesUp, bytesDown, lastMs, denied, isSampled } = evidence;
  const refused = denied === 0 ? '' : `, ${denied} refused by what logged them`;
  const sampled = isSampled ? ', sampled' : '';
  return `${days} of ${observedDays} days, ${connections} connections, ${bytesText(bytesUp)} up, ${bytesText(bytesDown)} down, last ${timeText(lastMs)}${refused}${sampled}`;
}

function sureText({ rank, initiator, formats, sources }: Evidence): string {
  const guessed = initiator === 'ports' ? '; who opened it is a guess by ports' : '';
  const more = sources.length > mostListed ? ' and more' : '';
  return `name ${rankSays[rank]}${guessed}; by ${formats.join(' ')} (${sources.slice(0, mostListed).join(' ')}${more})`;
}

function declaredLines({ declaredAt }: Evidence): readonly string[] {
  if (declaredAt === null) return [];
  return [declaredAt.length === 0 ? 'declared nowhere' : `declared at ${declaredAt.slice(0, mostListed).join(' ')}`];
}

function timeText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'unknown';
}

/** Bytes for people: `1.2 MiB`, `unknown bytes`. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return 'unknown bytes';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
