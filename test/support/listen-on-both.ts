import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** A UDP socket and a TCP server on one free port of 127.0.0.1, as a DNS server has them. */
export async function listenOnBoth(): Promise<{
  readonly tcp: Server;
  readonly udp: UdpSocket;
  readonly port: number;
}> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    try {
      udp.bind(port, '127.0.0.1');
      await once(udp, 'listening');
      return { tcp, udp, port };
    } catch {
      // Somebody has that UDP port; another pair is tried.
      udp.close();
      tcp.close();
    }
  }
  throw new Error('no port was free for both UDP and TCP');
}
