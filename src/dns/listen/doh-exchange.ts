import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';

/** One request and its reply, over HTTP/1.1 or HTTP/2 alike. @internal */
export interface DohExchange {
  readonly method: string;
  /** Path and query as they were sent. May hold a secret: it goes into no log and no reply. */
  readonly target: string;
  readonly contentType: string;
  /** What the request says of its body's length, NaN where it says nothing. */
  readonly contentLength: number;
  readonly body: Readable;
  /** Sends status, headers and body; for HEAD the headers alone. Once, and never after `drop`. */
  reply(status: number, headers: Readonly<Record<string, string | number>>, bytes: Uint8Array): void;
  /** Ends it without a reply, or in the middle of one. */
  drop(): void;
  /** Called once, when the reply is on its way or nothing more comes. */
  onClosed(closed: () => void): void;
}

/** An exchange over HTTP/1.1. `isLast` says whether the connection shall close after it. @internal */
export function exchangeOfHttp1(
  request: IncomingMessage,
  response: ServerResponse,
  isLast: () => boolean,
): DohExchange {
  const { method = '', url = '', headers, socket } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  response.on('error', () => socket.destroy());
  request.on('error', () => socket.destroy());
  return {
    method,
    target: url,
    contentType: headers['content-type'] ?? '',
    contentLength: Number(headers['content-length'] ?? Number.NaN),
    body: request,
    reply: (status, replyHeaders, bytes) => {
      // What is left of a body that nobody reads would have to be read before the next request.
      const closing = isLast() || (hasBody && !request.complete) ? { connection: 'close' } : {};
      response.writeHead(status, { ...replyHeaders, ...closing, 'content-length': bytes.length });
      response.end(bytes);
    },
    drop: () => void socket.destroy(),
    onClosed: (closed) => void response.once('close', closed),
  };
}

/** An exchange over HTTP/2. @internal */
export function exchangeOfHttp2(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): DohExchange {
  const method = headers[':method'] ?? '';
  return {
    method: String(method),
    target: String(headers[':path'] ?? ''),
    contentType: headers['content-type'] ?? '',
    contentLength: Number(headers['content-length'] ?? Number.NaN),
    body: stream,
    reply: (status, replyHeaders, bytes) => {
      if (stream.destroyed || stream.closed || stream.headersSent) return;
      const isHead = method === 'HEAD';
      stream.respond(
        { ...replyHeaders, ':status': status, 'content-length': bytes.length },
        { endStream: isHead || bytes.length === 0 },
      );
      if (!isHead && bytes.length > 0) stream.end(bytes);
      // What the client goes on sending is not read; it is told to stop (RFC 9113 section 8.1).
      if (!stream.readableEnded) stream.resume();
    },
    drop: () => stream.close(constants.NGHTTP2_CANCEL),
    onClosed: (closed) => void stream.once('close', closed),
  };
}
