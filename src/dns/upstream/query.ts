import { randomBytes } from 'node:crypto';
import { bareQuery, type DnsMessage, writeMessage } from '../../wire/index.ts';

/** What is asked: `{ name: 'kms.example.com', type: 1 }`. `name` is lower case, without the last dot. */
export interface UpstreamQuestion {
  readonly name: string;
  readonly type: number;
}

/** A query ready to send, and what its answer must repeat. `spelling` is the name as sent. */
export interface Query {
  readonly id: number;
  readonly spelling: string;
  readonly type: number;
  readonly hasEdns: boolean;
  readonly packet: Uint8Array;
}

/** How to make a query. */
export interface QueryOptions {
  readonly id: number;
  /**
   * Whether letter case is random (draft-vixie-dnsext-dns0x20), which with the random port and id a forger has to guess as well. Not over
   * a connection, which nobody forges blindly.
   */
  readonly hasRandomCase: boolean;
  /** Whether the server is told that larger datagrams are welcome (RFC 6891); servers from before it take offence. */
  readonly hasEdns: boolean;
  /** Cookie to send (RFC 7873), or null for none. Needs EDNS. */
  readonly cookie: Uint8Array | null;
}

/** Fits one unfragmented datagram nearly everywhere (DNS flag day 2020); fragments are how answers get forged. */
const ednsPayloadBytes = 1232;

/** The code of the cookie option (RFC 7873). */
export const cookieOption = 10;

/** Makes a query that asks for recursion and for nothing else: no client subnet is ever sent, neither DO nor CD is set. */
export function makeQuery(question: UpstreamQuestion, options: QueryOptions): Query {
  const spelling = options.hasRandomCase ? randomCase(question.name) : question.name;
  const cookie = options.cookie === null ? [] : [{ code: cookieOption, data: options.cookie }];
  const message: DnsMessage = {
    ...bareQuery(spelling, question.type),
    id: options.id,
    edns: options.hasEdns ? { payloadBytes: ednsPayloadBytes, version: 0, isDnssecOk: false, options: cookie } : null,
  };
  return { id: options.id, spelling, type: question.type, hasEdns: options.hasEdns, packet: writeMessage(message) };
}

function randomCase(name: string): string {
  const bits = randomBytes(Math.ceil(name.length / 8));
  return [...name].map((char, index) => (isBitSet(bits, index) ? upperAscii(char) : char)).join('');
}

/** Only ASCII letters have a case in DNS (RFC 4343). */
function upperAscii(char: string): string {
  return char >= 'a' && char <= 'z' ? char.toUpperCase() : char;
}

function isBitSet(bits: Buffer, index: number): boolean {
  return (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}
