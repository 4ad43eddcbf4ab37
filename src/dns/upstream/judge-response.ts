import { type DnsMessage, internetClass, rcodes, readMessage } from '../../wire/index.ts';
import { failedBecause, type Outcome } from './attempt.ts';
import { cookieOption, type Query } from './query.ts';
import type { UpstreamTransport } from './upstream-server.ts';

/**
 * What a response that is ours says. `truncated`: ask again by TCP. `bad_cookie`: ask again with the cookie just learned. `no_edns`: ask
 * again without EDNS, the server takes offence at it.
 */
export type Reply = Outcome | { readonly kind: 'truncated' | 'bad_cookie' | 'no_edns' };

/** How to judge. */
export interface JudgeContext {
  readonly query: Query;
  readonly transport: UpstreamTransport;
  /** Says whether the cookie of a response (null: it has none) convinces; null where none was sent. */
  readonly takeCookie: ((cookie: Uint8Array | null) => boolean) | null;
}

/** RFC 7873 section 8. */
const badCookie = 23;

const rcodeNames: Readonly<Record<number, string>> = {
  [rcodes.formErr]: 'FORMERR',
  [rcodes.servFail]: 'SERVFAIL',
  [rcodes.notImp]: 'NOTIMP',
  [rcodes.refused]: 'REFUSED',
  [rcodes.badVers]: 'BADVERS',
  [badCookie]: 'BADCOOKIE',
};

/**
 * Judges a response; null when it does not answer this query, so that it is dropped. Never throws, whatever the bytes: anyone can send
 * them, and they must not end the wait for the real answer.
 */
export function judgeResponse(bytes: Uint8Array, { query, transport, takeCookie }: JudgeContext): Reply | null {
  const read = readMessage(bytes);
  if (!read.ok || !isResponseTo(read.value, query)) return null;
  const message = read.value;
  if (takeCookie !== null && !takeCookie(cookieOf(message))) return null;
  // Servers from before EDNS answer like this, many with a bare head (RFC 6891 section 7).
  if (message.rcode === rcodes.formErr && message.edns === null && query.hasEdns) return { kind: 'no_edns' };
  if (message.rcode === badCookie) return { kind: 'bad_cookie' };
  if (message.isTruncated) return { kind: 'truncated' };
  if (message.rcode === rcodes.noError || message.rcode === rcodes.nxDomain)
    return { kind: 'answer', message, transport };
  return failedBecause(`the server answered ${rcodeNames[message.rcode] ?? `with code ${message.rcode}`}`);
}

function cookieOf(message: DnsMessage): Uint8Array | null {
  return message.edns?.options.find((option) => option.code === cookieOption)?.data ?? null;
}

function isResponseTo(message: DnsMessage, query: Query): boolean {
  if (!message.isResponse || message.id !== query.id || message.opcode !== 0) return false;
  const { question } = message;
  if (question === null) return message.rcode === rcodes.formErr;
  // The exact spelling: letter case is part of what a forger has to guess.
  return question.name === query.spelling && question.type === query.type && question.class === internetClass;
}
