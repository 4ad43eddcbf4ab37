import { once } from 'node:events';
import { type ConnectionOptions, connect } from 'node:tls';
import { encode, type Packet, streamDecode, streamEncode } from 'dns-packet';

/** The bytes of a question for the address of a name, as clients without EDNS ask it. */
export function questionFor(name: string): Uint8Array {
  return encode(packetFor(name));
}

/** Asks for the addresses of names one after the other on one connection of DNS over TLS. */
export async function askOverTls(to: ConnectionOptions, names: readonly string[]): Promise<readonly Packet[]> {
  const socket = connect({ host: '127.0.0.1', servername: 'dns.example', ...to });
  try {
    await once(socket, 'secureConnect');
    const found: Packet[] = [];
    for (const name of names) {
      socket.write(streamEncode(packetFor(name)));
      found.push(streamDecode(await readFrame(socket)));
    }
    return found;
  } finally {
    socket.destroy();
  }
}

/** The addresses of version 4 in a reply. */
export function addressesIn(packet: Packet | undefined): readonly string[] {
  return (packet?.answers ?? []).flatMap((answer) => (answer.type === 'A' ? [answer.data] : []));
}

/** The response code of a reply: `NXDOMAIN`. */
export function rcodeOf(packet: Packet | undefined): string {
  return (packet as { readonly rcode?: string } | undefined)?.rcode ?? '';
}

function packetFor(name: string): Packet {
  const recursionDesired = 0x100;
  return { type: 'query', id: 4711, flags: recursionDesired, questions: [{ type: 'A', name, class: 'IN' }] };
}

async function readFrame(socket: NodeJS.ReadableStream): Promise<Buffer> {
  let held = Buffer.alloc(0);
  while (held.length < 2 || held.length < held.readUInt16BE(0) + 2) {
    const [part] = (await once(socket, 'data')) as [Buffer];
    held = Buffer.concat([held, part]);
  }
  return held;
}
