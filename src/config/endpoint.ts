import { isIP, isIPv4 } from 'node:net';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** An address and a port as configured: `{ address: '127.0.0.1', port: 3128, text: '127.0.0.1:3128' }`. IPv6 has brackets in `text` only. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly text: string;
}

const endpointText = /^(?:\[(?<six>[0-9A-Fa-f:.]+)\]|(?<four>[^[\]:]+)):(?<port>\d{1,5})$/;

/**
 * Reads `127.0.0.1:3128` or `[::1]:3128`. Names are refused: what a name means could change under a listener.
 * Faults: `endpoint_malformed`.
 */
export function parseEndpoint(text: string): Result<Endpoint, Fault> {
  const groups = endpointText.exec(text)?.groups;
  const address = groups?.['six'] ?? groups?.['four'] ?? '';
  const family = groups?.['six'] === undefined ? 4 : 6;
  if (groups === undefined || isIP(address) !== family) {
    return failed(
      fault('endpoint_malformed', `\`${text}\` is not an address and port, write \`127.0.0.1:3128\` or \`[::1]:3128\``),
    );
  }
  const port = Number(groups['port']);
  if (port > 65_535) return failed(fault('endpoint_malformed', `port \`${port}\` is outside 0-65535`));
  return ok({ address, port, text: family === 6 ? `[${address}]:${port}` : `${address}:${port}` });
}

/** Whether the address is loopback in its plain spelling: 127.0.0.0/8 or `::1`. Embedded spellings do not count. */
export function isLoopback(endpoint: Endpoint): boolean {
  return isIPv4(endpoint.address) ? endpoint.address.startsWith('127.') : endpoint.address === '::1';
}
