import { Agent, type Dispatcher, request } from 'undici';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** A JWKS with 64 RSA keys takes 30 KiB. */
const maxKeysBytes = 262_144;
/** The whole fetch, connecting included. */
const fetchTimeoutMs = 5_000;

/** Fetches text over https, without following redirects. */
export interface KeysFetcher {
  fetch(): Promise<Result<string, Fault<'keys_unreachable'>>>;
  close(): Promise<void>;
}

/** Makes a fetcher for one URL. `authorities` is PEM, or null for the ones that Node ships. */
export function createKeysFetcher(url: string, authorities: string | null): KeysFetcher {
  const agent = new Agent({
    connections: 1,
    headersTimeout: fetchTimeoutMs,
    bodyTimeout: fetchTimeoutMs,
    connect: { timeout: fetchTimeoutMs, ...(authorities === null ? {} : { ca: authorities }) },
  });
  return {
    fetch: () => fetchText(url, agent),
    close: () => agent.destroy(),
  };
}

async function fetchText(url: string, dispatcher: Dispatcher): Promise<Result<string, Fault<'keys_unreachable'>>> {
  try {
    const signal = AbortSignal.timeout(fetchTimeoutMs);
    const { statusCode, body } = await request(url, { dispatcher, signal, headers: { accept: 'application/json' } });
    // A body that is dropped midway emits an error after this function has answered; what counts is thrown below.
    body.on('error', leaveToTheReader);
    // A redirect is refused as well: it would let one host name the keys of another.
    if (statusCode !== 200) {
      body.destroy();
      return unreachable(url, `status ${statusCode}`);
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxKeysBytes) return unreachable(url, `more than ${maxKeysBytes} bytes`);
      chunks.push(chunk);
    }
    return ok(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    return unreachable(url, (error as NodeJS.ErrnoException).code ?? (error as Error).name);
  }
}

function leaveToTheReader(): void {
  // Reading the body rejects with the same error, and that one is handled.
}

function unreachable(url: string, why: string): { readonly ok: false; readonly fault: Fault<'keys_unreachable'> } {
  return failed(
    fault('keys_unreachable', `the keys at \`${url}\` cannot be had (${why}); serve a JWKS there over https`),
  );
}
