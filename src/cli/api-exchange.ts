import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** One request as it is sent. `body` is null where there is none. */
export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** From the first byte out to the last one in. */
  readonly timeoutMs: number;
}

/** One answer, read whole. */
export interface Exchanged {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Why there is no answer. `connection_broken`: it ended before the answer did, so nobody knows whether the request was heard.
 */
export type ExchangeFault = Fault<'connection_broken' | 'unreachable' | 'timed_out' | 'answer_too_large'>;

/** Pages of 500 items take well under one MiB. */
export const maxAnswerBytes: number = 4 * 2 ** 20;

/**
 * Sends one request and reads its answer. Redirects are not followed and no proxy of the environment is used: what carries a token goes
 * to the address that was named and nowhere else.
 */
export function exchange(asked: Exchange): Promise<Result<Exchanged, ExchangeFault>> {
  const { url, method, headers, body, timeoutMs } = asked;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    // `agent: false` is an agent of its own, which knows nothing of HTTP_PROXY and keeps no connection.
    const request = send(url, { method, headers, agent: false });
    const timer = setTimeout(() => {
      end(failed(fault('timed_out', `\`${url.origin}\` did not answer within ${timeoutMs / 1000} s`)));
    }, timeoutMs);
    const end = (result: Result<Exchanged, ExchangeFault>): void => {
      clearTimeout(timer);
      resolve(result);
      request.destroy();
    };
    request.on('error', (error: NodeJS.ErrnoException) => end(failed(toFault(url, error))));
    request.on('response', (response) => readAnswer(url, response, end));
    request.end(body ?? undefined);
  });
}

function readAnswer(
  url: URL,
  response: IncomingMessage,
  end: (result: Result<Exchanged, ExchangeFault>) => void,
): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  response.on('error', (error) => end(failed(toFault(url, error))));
  response.on('close', () => end(failed(broken(url))));
  response.on('data', (part: Buffer) => {
    bytes += part.length;
    parts.push(part);
    if (bytes > maxAnswerBytes) {
      end(failed(fault('answer_too_large', `\`${url.origin}\` answered with more than ${maxAnswerBytes} bytes`)));
    }
  });
  response.on('end', () => {
    if (!response.complete) return end(failed(broken(url)));
    const text = Buffer.concat(parts).toString('utf8');
    return end(ok({ status: response.statusCode ?? 0, headers: response.headers, text }));
  });
}

function toFault(url: URL, error: NodeJS.ErrnoException): ExchangeFault {
  if (brokenCodes.has(error.code ?? '')) return broken(url);
  const why = error.code ?? error.message;
  return fault(
    'unreachable',
    `no Exeat answers at \`${url.origin}\` (${why}): start \`exeat up\`, or name another address with \`--api\``,
  );
}

// What a server that goes away in the middle gives; a refused connection or an untrusted certificate was never heard at all.
const brokenCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'HPE_INVALID_EOF_STATE']);

function broken(url: URL): ExchangeFault {
  return fault('connection_broken', `\`${url.origin}\` closed the connection before it had answered`);
}
