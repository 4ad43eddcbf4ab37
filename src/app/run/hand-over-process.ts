import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// The entry of the process that hands the sockets of one caller to the point: what the receiver of the door becomes, for Node passes sockets
// between its own processes only. It tells what it was told (`EXEAT_PEER`, `EXEAT_REQUEST`), and ends.

const proxyDescriptor = 6;
const streamDescriptor = 7;
const datagramDescriptor = 8;
const firstName = 9;
const longestMs = 5_000;

setTimeout(() => process.exit(1), longestMs).unref();
const proxy = await listenOn(proxyDescriptor);
const count = Number(process.env['EXEAT_SOCKETS']);
const stream = await listenOn(streamDescriptor);
const datagram = createSocket('udp4');
// By descriptor this is done at once, and told before anybody could listen for it.
datagram.bind({ fd: datagramDescriptor });
await tell({ kind: 'caller', peer: process.env['EXEAT_PEER'] ?? '', request: process.env['EXEAT_REQUEST'] ?? '' });
await tell({ kind: 'proxy' }, proxy);
await tell({ kind: 'dns_stream' }, stream);
for (let fd = firstName; fd < proxyDescriptor + count; fd++) await tell({ kind: 'name' }, await listenOn(fd));
await tell({ kind: 'dns_datagram' }, datagram);
process.exit(0);

async function listenOn(fd: number): Promise<Server> {
  const server = createServer();
  server.listen({ fd });
  await once(server, 'listening');
  return server;
}

function tell(message: object, handle?: Server | Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, handle, {}, (error) => (error === null ? resolve() : reject(error)));
  });
}
