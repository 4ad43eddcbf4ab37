import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';

// A proxy that lets everybody do everything: what a probe is to find. Started in a namespace of a test:
// `node open-proxy.ts HOST PORT NAME=ADDRESS…`, where the names are those that it resolves by itself.

const [host = '', port = '', ...pairs] = process.argv.slice(2);
const names = new Map(pairs.map((pair) => pair.split('=') as [string, string]));

const server = createServer((client) => {
  client.on('error', () => client.destroy());
  client.once('data', (first) => {
    if (first[0] === 5) startSocks(client);
    else startHttp(client, first);
  });
});
server.listen(Number(port), host, () => process.stdout.write('open proxy is up\n'));

function startHttp(client: Socket, first: Buffer): void {
  const [method, target = ''] = first.toString('latin1').split(' ', 2);
  const url = URL.parse(method === 'CONNECT' ? `http://${target}` : target);
  if (url === null) return void client.destroy();
  // `URL` reads every spelling of an address, as careless proxies do.
  const to = url.hostname.replace(/^\[(.+)\]$/, '$1');
  const upstream = join(client, to, Number(url.port || 80));
  upstream.once('connect', () => {
    if (method === 'CONNECT') client.write('HTTP/1.1 200 OK\r\n\r\n');
    else upstream.write(first.toString('latin1').replace(target, `${url.pathname}${url.search}`), 'latin1');
  });
}

function startSocks(client: Socket): void {
  client.write(Buffer.from([5, 0]));
  client.once('data', (request) => {
    if (request[1] === 3) return relayDatagrams(client);
    if (request[1] === 2) return void client.write(socksReply(4444));
    const text = request.subarray(5, 5 + (request[4] ?? 0)).toString();
    const to = request[3] === 1 ? request.subarray(4, 8).join('.') : text;
    const upstream = join(client, to, request.readUInt16BE(request.length - 2));
    upstream.once('connect', () => client.write(socksReply(0)));
  });
}

function relayDatagrams(client: Socket): void {
  const relay = createSocket('udp4');
  let clientAt: { readonly address: string; readonly port: number } | null = null;
  relay.on('message', (bytes, from) => {
    if (clientAt !== null && from.port !== clientAt.port) return relay.send(bytes, clientAt.port, clientAt.address);
    clientAt = from;
    relay.send(bytes.subarray(10), bytes.readUInt16BE(8), bytes.subarray(4, 8).join('.'));
  });
  relay.bind(0, host, () => client.write(socksReply(relay.address().port)));
  client.on('close', () => relay.close());
}

function join(client: Socket, to: string, at: number): Socket {
  const upstream = connect(at, names.get(to) ?? to);
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
  client.pipe(upstream).pipe(client);
  return upstream;
}

function socksReply(bound: number): Buffer {
  return Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, bound >> 8, bound & 255]);
}
