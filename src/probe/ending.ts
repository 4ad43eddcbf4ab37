/** How an attempt ended, and what that says of the way. */
export interface Ending {
  readonly how: EndingName;
  /** More for people, such as what a proxy answered; null where the name says all. */
  readonly detail: string | null;
}

/** What is said of a way. `untested` is never counted as closed. */
export type WayResult = 'open' | 'closed' | 'untested';

/** What each ending says: the result, and the words of the table. */
export const endings = {
  token: { result: 'open', says: 'answer with the token' },
  echoed: { result: 'open', says: 'echo with the token' },
  verified: { result: 'open', says: 'server proved its name' },
  service: { result: 'open', says: 'the service answered' },
  granted: { result: 'open', says: 'the proxy agreed' },
  connected: { result: 'open', says: 'connected' },
  refused: { result: 'closed', says: 'refused' },
  denied: { result: 'closed', says: 'denied' },
  reset: { result: 'closed', says: 'reset' },
  ended: { result: 'closed', says: 'cut without an answer' },
  silent: { result: 'closed', says: 'connected, no answer' },
  timeout: { result: 'closed', says: 'timeout' },
  unreachable: { result: 'closed', says: 'unreachable' },
  foreign_answer: { result: 'closed', says: 'answer without the token' },
  no_name: { result: 'closed', says: 'name not resolved' },
  not_permitted: { result: 'closed', says: 'not permitted here' },
  absent: { result: 'closed', says: 'not there' },
  lacking: { result: 'untested', says: 'not tried' },
  failed: { result: 'untested', says: 'failed on this side' },
} as const;

/** One of {@link endings}. */
export type EndingName = keyof typeof endings;

/** Makes an ending: `ended('refused')`, `ended('lacking', 'needs root')`. */
export function ended(how: EndingName, detail: string | null = null): Ending {
  return { how, detail };
}

// What the kernel says, by name. What is not here is trouble on this side, and says nothing of the way.
const errnoEndings: Readonly<Record<string, EndingName>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ENODEV: 'unreachable',
  // No address of ours has a way there: a workload without IPv6.
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'not_permitted',
  EPERM: 'not_permitted',
  // The kernel, or a filter of calls, knows no such sockets.
  EAFNOSUPPORT: 'not_permitted',
  EPROTONOSUPPORT: 'not_permitted',
  ESOCKTNOSUPPORT: 'not_permitted',
  ENOENT: 'absent',
  ENOTFOUND: 'no_name',
  EAI_AGAIN: 'no_name',
  ENODATA: 'no_name',
};

/** The ending that an error of a socket means; `code` is its errno name, or what TLS calls it. */
export function endingOfErrno(code: string | undefined): Ending {
  const how = errnoEndings[code ?? ''];
  if (how !== undefined) return ended(how);
  if (code !== undefined && certificateFaults.test(code)) return ended('foreign_answer', code);
  // An alert, or bytes that are no TLS: whoever is there would not.
  if (code?.startsWith('ERR_SSL') === true) return ended('denied', code);
  return ended('failed', code ?? null);
}

const certificateFaults = /CERT|ISSUER|ALTNAME|VERIFY/;
