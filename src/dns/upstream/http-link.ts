import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { closedByServer, type Link, type LinkEvents } from './link.ts';
import type { UpstreamServer } from './upstream-server.ts';

const mediaType = 'application/dns-message';
/** No DNS message is longer (RFC 8484 section 6). */
const maxBodyBytes = 65_535;

/** Makes a link that posts each message as a request of HTTP/2 (RFC 8484 section 4.1). */
export function createHttpLink(server: UpstreamServer, dial: () => TLSSocket, events: LinkEvents): Link {
  let isOver = false;
  const streams = new Map<number, ClientHttp2Stream>();
  const session = openSession(server, dial, (why) => breakOff(why));
  const breakOff = (why: string): void => {
    if (isOver) return;
    isOver = true;
    session.destroy();
    events.onBroken(why);
  };
  session.on('error', (error: NodeJS.ErrnoException) =>
    breakOff(`the server could not be asked (${error.code ?? error.message})`),
  );
  session.on('close', () => breakOff(closedByServer));
  session.on('goaway', () => {
    if (!isOver) events.onRetired();
  });
  const fail = (tag: number, why: string): void => {
    streams.delete(tag);
    if (!isOver) events.onFailed(tag, why);
  };
  return {
    send: (tag, packet) => {
      if (isOver || session.closed || session.destroyed) return fail(tag, closedByServer);
      const stream = post(session, server.path, packet);
      streams.set(tag, stream);
      readBody(stream, (body) => {
        if (streams.get(tag) !== stream) return;
        if (typeof body === 'string') return fail(tag, body);
        streams.delete(tag);
        if (!isOver) events.onMessage(tag, body);
      });
    },
    forget: (tag) => {
      streams.get(tag)?.close(constants.NGHTTP2_CANCEL);
      streams.delete(tag);
    },
    destroy: () => {
      isOver = true;
      session.destroy();
    },
  };
}

function openSession(
  server: UpstreamServer,
  dial: () => TLSSocket,
  onWrongProtocol: (why: string) => void,
): ClientHttp2Session {
  const host = isIPv6(server.name) ? `[${server.name}]` : server.name;
  const socket = dial();
  socket.once('secureConnect', () => {
    if (socket.alpnProtocol !== 'h2') onWrongProtocol('the server does not speak HTTP/2');
  });
  return connect(`https://${host}:${server.port}`, { createConnection: () => socket, settings: { enablePush: false } });
}

function post(session: ClientHttp2Session, path: string, packet: Uint8Array): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': mediaType,
    'content-length': packet.length,
    accept: mediaType,
  });
  stream.end(packet);
  return stream;
}

/** Gives the body of a good response, or why there is none. Once. */
function readBody(stream: ClientHttp2Stream, onBody: (body: Buffer | string) => void): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  let fault: string | null = closedByServer;
  let isTold = false;
  const tell = (body: Buffer | string): void => {
    if (isTold) return;
    isTold = true;
    onBody(body);
  };
  stream.on('error', (error: NodeJS.ErrnoException) =>
    tell(`the server could not be asked (${error.code ?? error.message})`),
  );
  stream.on('response', (headers) => {
    const type = String(headers['content-type'] ?? '');
    if (headers[':status'] !== 200) fault = `the server answered HTTP ${headers[':status']}`;
    else fault = type.startsWith(mediaType) ? null : 'the server answered something other than DNS';
  });
  stream.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= maxBodyBytes) return void parts.push(part);
    tell('the server sent more than was asked for');
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('end', () => tell(fault ?? Buffer.concat(parts)));
  stream.on('close', () => tell(fault ?? closedByServer));
}
