import { isIPv4 } from 'node:net';

const commands = { connect: 1, bind: 2, udp_associate: 3 } as const;

/** What a SOCKS5 client says (RFC 1928, RFC 1929). */
export const socksBytes = {
  greeting: (hasLogin: boolean): Uint8Array => Buffer.from(hasLogin ? [5, 2, 0, 2] : [5, 1, 0]),
  login: (user: string, password: string): Uint8Array =>
    Buffer.concat([Buffer.from([1]), counted(user), counted(password)]),
  request: (command: keyof typeof commands, host: string, port: number): Uint8Array =>
    Buffer.concat([Buffer.from([5, commands[command], 0]), address(host), u16(port)]),
  /** In front of a datagram that the relay sends on: reserved, no fragment, where to. */
  datagramHead: (host: string, port: number): Uint8Array =>
    Buffer.concat([Buffer.from([0, 0, 0]), address(host), u16(port)]),
} as const;

function address(host: string): Uint8Array {
  if (isIPv4(host)) return Buffer.from([1, ...host.split('.').map(Number)]);
  return Buffer.concat([Buffer.from([3]), counted(host)]);
}

function counted(text: string): Uint8Array {
  const bytes = Buffer.from(text).subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function u16(value: number): Uint8Array {
  return Buffer.from([value >> 8, value & 255]);
}
