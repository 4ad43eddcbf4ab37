import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

// Answers everybody, whatever he wanted, as captive portals and sinkholes do: with a page, and with what it was sent. Started in a
// namespace of a test, which sends it every port: `node sinkhole.ts PORT`.

const port = Number(process.argv[2]);
const page = 'HTTP/1.1 200 OK\r\nServer: nginx\r\nConnection: keep-alive\r\n\r\nyou are not connected\r\n';

const server = createServer((client) => {
  client.on('error', () => client.destroy());
  client.on('data', (bytes) => client.write(Buffer.concat([Buffer.from(page), bytes])));
});
server.listen(port, '::', () => {
  const datagrams = createSocket('udp6');
  datagrams.on('message', (bytes, from) => datagrams.send(bytes, from.port, from.address));
  datagrams.bind(port, '::', () => process.stdout.write('sinkhole is up\n'));
});
