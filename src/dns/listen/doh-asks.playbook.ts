import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { type Agent, request as requestHttp1 } from 'node:https';

/** A request to an endpoint of DNS over HTTPS. Default of `method`: `GET`. */
export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** What came back for it. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a request over a session of HTTP/2 and gives the whole reply; rejects where the stream ends without one. */
export function askHttp2(session: ClientHttp2Session, { method = 'GET', path, headers, body }: Ask): Promise<Reply> {
  const stream = session.request({ ':method': method, ':path': path, ...headers } as OutgoingHttpHeaders);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let got: (IncomingHttpHeaders & { ':status'?: number | undefined }) | null = null;
    stream.on('error', reject);
    stream.on('response', (response) => {
      got = response;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () => {
      if (got === null) reject(new Error(`ended with ${stream.rstCode} and without a response`));
      else resolve({ status: got[':status'] ?? 0, headers: got, body: Buffer.concat(chunks) });
    });
    if (body !== undefined) stream.write(body);
    stream.end();
  });
}

/** Sends a request to loopback over a connection of HTTP/1.1 and gives the whole reply. */
export function askHttp1(agent: Agent, port: number, { method = 'GET', path, headers, body }: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sending = requestHttp1({ agent, host: '127.0.0.1', port, method, path, headers: { ...headers } });
    sending.on('error', reject);
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    sending.end(body);
  });
}
