/** What a SOCKS5 reply says (RFC 1928 section 6), by its code. */
export const socksReplyCodes = {
  succeeded: 0,
  general_failure: 1,
  not_allowed: 2,
  network_unreachable: 3,
  host_unreachable: 4,
  connection_refused: 5,
  ttl_expired: 6,
  command_not_supported: 7,
  address_type_not_supported: 8,
} as const;

/** One of {@link socksReplyCodes}. */
export type SocksReplyName = keyof typeof socksReplyCodes;

/** Answers a greeting: the chosen method, or null for "none is acceptable" (0xff), after which the client closes. */
export function writeSocksMethod(method: number | null): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(5, method ?? 0xff);
}

/** Answers user and password (RFC 1929 section 2): success, or a failure after which the connection is closed. */
export function writeSocksAuthResult(accepted: boolean): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(1, accepted ? 0 : 1);
}

/** Answers a request. The bound address is always `0.0.0.0:0`: which of our addresses dials is nobody's business. */
export function writeSocksReply(name: SocksReplyName): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(5, socksReplyCodes[name], 0, 1, 0, 0, 0, 0, 0, 0);
}
