import { type Answer, type DecodedPacket, decode } from 'dns-packet';
import { type IpAddress, parseIpAddress } from '../destination/index.ts';
import type { Question } from './question.ts';

/**
 * What a response says. `not_ours`: it does not answer the question that was asked, so it is dropped and waiting goes on. `truncated`:
 * ask again by TCP. `failed`: this server cannot say. The others are final; `ttlSeconds` is for how long.
 */
export type AnswerOutcome =
  | { readonly kind: 'not_ours' }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'addresses'; readonly addresses: readonly IpAddress[]; readonly ttlSeconds: number }
  | { readonly kind: 'no_address' | 'name_not_found'; readonly ttlSeconds: number };

/** Longest chain of CNAMEs that is walked; real ones have a handful. */
const maxChain = 16;
/** Most addresses taken of one response; more are left, in the server's order. */
const maxAddresses = 64;
/** For a "no" without SOA (RFC 2308 section 5: not to be kept); long enough to spare the server a storm. */
const bareNegativeTtlSeconds = 1;

/** Reads a response to a question. Never throws, whatever the bytes. */
export function readAnswer(bytes: Uint8Array, question: Question): AnswerOutcome {
  let packet: DecodedPacket;
  try {
    packet = decode(Buffer.from(bytes));
  } catch {
    // dns-packet throws on malformed bytes. Anyone can send those from the outside, so they must not end the wait for the real answer.
    return { kind: 'not_ours' };
  }
  if (!isAnswerTo(packet, question)) return { kind: 'not_ours' };
  if (packet.flag_tc) return { kind: 'truncated' };
  const rcode = (packet as { rcode?: string }).rcode;
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN')
    return { kind: 'failed', why: `the server answered ${rcode ?? 'nothing'}` };
  return readSections(packet, question, rcode === 'NXDOMAIN');
}

function isAnswerTo(packet: DecodedPacket, question: Question): boolean {
  const [asked, ...others] = packet.questions ?? [];
  return (
    packet.type === 'response' &&
    packet.id === question.id &&
    (packet as { opcode?: string }).opcode === 'QUERY' &&
    others.length === 0 &&
    asked?.name === question.spelling &&
    asked.type === question.type &&
    asked.class === 'IN'
  );
}

function readSections(packet: DecodedPacket, question: Question, isMissing: boolean): AnswerOutcome {
  const answers = packet.answers ?? [];
  const chain = walkChain(answers, question.spelling.toLowerCase());
  if (typeof chain === 'string') return { kind: 'failed', why: chain };
  const found = answers
    .filter((answer) => answer.type === question.type && isOwner(answer, chain.end))
    .slice(0, maxAddresses);
  const addresses = found.flatMap((answer) => toAddress(answer, question));
  if (isMissing || addresses.length === 0) {
    if (found.length > 0 && !isMissing)
      return { kind: 'failed', why: 'the server answered with addresses that are none' };
    return {
      kind: isMissing ? 'name_not_found' : 'no_address',
      ttlSeconds: Math.min(chain.ttlSeconds, negativeTtl(packet)),
    };
  }
  const ttlSeconds = found.reduce((least, answer) => Math.min(least, ttlOf(answer)), chain.ttlSeconds);
  return { kind: 'addresses', addresses, ttlSeconds };
}

interface Chain {
  readonly end: string;
  readonly ttlSeconds: number;
}

/** Follows CNAMEs inside this response only: a name that another response mentions proves nothing about this one. */
function walkChain(answers: readonly Answer[], from: string): Chain | string {
  const seen = new Set([from]);
  let chain: Chain = { end: from, ttlSeconds: Number.POSITIVE_INFINITY };
  for (;;) {
    const links = answers.filter((answer) => answer.type === 'CNAME' && isOwner(answer, chain.end));
    const link = links[0];
    if (link === undefined) return chain;
    if (links.length > 1) return 'the server answered with two aliases of one name';
    const end = String((link as { data?: unknown }).data).toLowerCase();
    if (seen.has(end)) return 'the server answered with a loop of aliases';
    if (seen.size > maxChain) return `the server answered with more than ${maxChain} aliases in a row`;
    seen.add(end);
    chain = { end, ttlSeconds: Math.min(chain.ttlSeconds, ttlOf(link)) };
  }
}

function isOwner(answer: Answer, name: string): boolean {
  return answer.name.toLowerCase() === name && (answer as { class?: string }).class === 'IN';
}

function toAddress(answer: Answer, question: Question): readonly IpAddress[] {
  const parsed = parseIpAddress(String((answer as { data?: unknown }).data));
  return parsed.ok && parsed.value.family === (question.type === 'A' ? 4 : 6) ? [parsed.value] : [];
}

function ttlOf(answer: Answer): number {
  const ttl = (answer as { ttl?: unknown }).ttl;
  // RFC 2181 section 8: a TTL with the top bit set is zero.
  return typeof ttl === 'number' && ttl <= 0x7fff_ffff ? ttl : 0;
}

/** RFC 2308 section 5: the lesser of the SOA's own TTL and its minimum field. */
function negativeTtl(packet: DecodedPacket): number {
  const soa = packet.authorities?.find((answer) => answer.type === 'SOA');
  if (soa?.type !== 'SOA') return bareNegativeTtlSeconds;
  return Math.min(ttlOf(soa), soa.data.minimum ?? bareNegativeTtlSeconds);
}
