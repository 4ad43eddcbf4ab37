import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import {
  type DnsMessage,
  type DnsRecord,
  dnsTypes,
  internetClass,
  isBelow,
  lowerName,
  readPlainName,
  sameName,
  writeName,
} from '../../wire/index.ts';

/**
 * Where the aliases of a response lead: for `www.example.com` with two of them `{ links: ['a.example', 'b.example'], end: 'b.example',
 * ttlSeconds: 30 }`. Names are lower case; `links` is without the question, whose name is the `end` when there are none. `ttlSeconds` is
 * the least along the chain, infinite without links.
 */
export interface Chain {
  readonly links: readonly string[];
  readonly end: string;
  readonly ttlSeconds: number;
}

/** Longest chain that is walked; real ones have a handful. */
const maxLinks = 16;

/**
 * Follows CNAMEs and DNAMEs (RFC 6672) from a name, inside this response only: a name that another response mentions proves nothing about
 * this one. Fault `chain_malformed`: more than 16 links, a loop, two aliases of one name, an alias that is not the one its DNAME makes, or
 * one whose target is no name.
 */
export function walkChain(message: DnsMessage, name: string): Result<Chain, Fault> {
  const aliases = message.answers.filter(isAlias);
  const from = lowerName(name);
  const links: string[] = [];
  let end = from;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (;;) {
    const step = nextLink(aliases, end);
    if (!step.ok) return step;
    if (step.value === null) return ok({ links, end, ttlSeconds });
    if (step.value.target === from || links.includes(step.value.target)) return malformed('a loop of aliases');
    if (links.length === maxLinks) return malformed(`more than ${maxLinks} aliases in a row`);
    end = step.value.target;
    ttlSeconds = Math.min(ttlSeconds, step.value.ttlSeconds);
    links.push(end);
  }
}

interface Link {
  readonly target: string;
  readonly ttlSeconds: number;
}

function isAlias(record: DnsRecord): boolean {
  return record.class === internetClass && (record.type === dnsTypes.cname || record.type === dnsTypes.dname);
}

function nextLink(aliases: readonly DnsRecord[], name: string): Result<Link | null, Fault> {
  const own = aliases.filter((one) => one.type === dnsTypes.cname && sameName(one.name, name));
  const above = aliases.filter((one) => one.type === dnsTypes.dname && isStrictlyBelow(name, one.name));
  if (own.length > 1 || above.length > 1) return malformed('two aliases of one name');
  const targets = [...own.map(targetOf), ...above.map((one) => substitute(name, one))];
  const [target] = targets;
  if (target === undefined) return ok(null);
  if (target === null || targets.includes(null)) return malformed('an alias whose target is no name');
  if (targets.some((one) => one !== target)) return malformed('an alias that is not the one its DNAME makes');
  return ok({ target, ttlSeconds: Math.min(...[...own, ...above].map((one) => one.ttl)) });
}

function targetOf(record: DnsRecord): string | null {
  const read = readPlainName(record.data, 0);
  return read === null || read.end !== record.data.length ? null : lowerName(read.text);
}

/** RFC 6672 section 2.2: the owner at the end of the name is replaced by the target; null when that becomes too long for a name. */
function substitute(name: string, dname: DnsRecord): string | null {
  const target = targetOf(dname);
  if (target === null) return null;
  const prefix = dname.name === '' ? name : name.slice(0, name.length - dname.name.length - 1);
  const made = target === '' ? prefix : `${prefix}.${target}`;
  return writeName(made) === null ? null : made;
}

/** A DNAME says nothing about its own owner (RFC 6672 section 2.3). */
function isStrictlyBelow(name: string, owner: string): boolean {
  return isBelow(name, owner) && !sameName(name, owner);
}

function malformed(what: string): Result<never, Fault> {
  return failed(fault('chain_malformed', `the server answered with ${what}`));
}
