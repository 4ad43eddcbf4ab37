/** The protocol that a connection to the proxy starts with. */
export type FirstProtocol = 'socks5' | 'tls' | 'http';

/** Tells the protocol by its first byte: 0x05 SOCKS5 (RFC 1928), 0x16 a TLS handshake record (RFC 8446 section 5.1), else HTTP. */
export function classifyFirstByte(byte: number): FirstProtocol {
  if (byte === 0x05) return 'socks5';
  return byte === 0x16 ? 'tls' : 'http';
}
