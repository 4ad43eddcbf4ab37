import { open, readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { type Fault, failed, fault, ok, type Result } from '../../../base/index.ts';
import { maxLeaseBytes } from './parse-leases.ts';

/** Asks a URL for its leases. */
export interface LeaseFetcher {
  /** Null: as they were when they were had last. Fault: `leases_unreachable`. */
  fetch(): Promise<Result<string | null, Fault>>;
  /** What was fetched last was good: it need not be sent again. */
  keep(): void;
  close(): Promise<void>;
}

/** Where it is asked. Paths are files that are read anew each time, since both are replaced by those who issue them. */
export interface LeaseFetcherOptions {
  readonly url: string;
  /** PEM. Null: the authorities that Node ships. */
  readonly authorities: string | null;
  /** Null: none is sent. */
  readonly token: string | null;
  /** The whole fetch, connecting included. Default 5,000. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 5_000;
const maxTokenBytes = 16_384;
const maxEtagLength = 1_024;

/** Makes a fetcher. Redirects are not followed: one host would name the leases of another, and be given the token. */
export function createLeaseFetcher(options: LeaseFetcherOptions): LeaseFetcher {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let kept: string | null = null;
  let last: string | null = null;
  const fetchOnce = async (signal: AbortSignal): Promise<string | null> => {
    const headers = { accept: 'application/json', ...(await authorization(options.token)), ...condition(kept) };
    const connect = { timeout: timeoutMs, ...(await trusted(options.authorities)) };
    const dispatcher = new Agent({ connections: 1, pipelining: 0, connect });
    try {
      const answer = await request(options.url, { dispatcher, signal, headers });
      answer.body.on('error', leaveToTheReader);
      if (answer.statusCode === 304 && kept !== null) return null;
      if (answer.statusCode !== 200) throw new LeaseAnswerError(`status ${answer.statusCode}`);
      const text = await readBody(answer.body);
      const { etag } = answer.headers;
      last = typeof etag === 'string' && etag.length <= maxEtagLength ? etag : null;
      return text;
    } finally {
      await dispatcher.destroy();
    }
  };
  const closing = new AbortController();
  return {
    fetch: async () => {
      try {
        return ok(await fetchOnce(AbortSignal.any([AbortSignal.timeout(timeoutMs), closing.signal])));
      } catch (error) {
        return unreachable(options.url, error);
      }
    },
    keep: () => {
      kept = last;
    },
    close: async () => closing.abort(),
  };
}

/** An answer that is none. */
class LeaseAnswerError extends Error {}

function condition(etag: string | null): Readonly<Record<string, string>> {
  return etag === null ? {} : { 'if-none-match': etag };
}

async function trusted(authorities: string | null): Promise<{ readonly ca?: string }> {
  return authorities === null ? {} : { ca: await readFile(authorities, 'utf8') };
}

async function authorization(path: string | null): Promise<Readonly<Record<string, string>>> {
  if (path === null) return {};
  await using file = await open(path, 'r');
  const { mode, size } = await file.stat();
  if ((mode & 0o007) !== 0) throw new LeaseAnswerError(`everybody may read or write the token file \`${path}\``);
  const token = size > maxTokenBytes ? '' : (await file.readFile('utf8')).trim();
  // RFC 6750 section 2.1.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) throw new LeaseAnswerError(`the file \`${path}\` holds no token`);
  return { authorization: `Bearer ${token}` };
}

async function readBody(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxLeaseBytes) throw new LeaseAnswerError(`more than ${maxLeaseBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function leaveToTheReader(): void {
  // Reading the body rejects with the same error, and that one is handled.
}

function unreachable(url: string, error: unknown): { readonly ok: false; readonly fault: Fault } {
  const { code, name, message } = error as NodeJS.ErrnoException;
  const why = error instanceof LeaseAnswerError ? message : typeof code === 'string' ? code : name;
  return failed(fault('leases_unreachable', `the leases at \`${shownUrl(url)}\` cannot be had (${why})`));
}

/** A URL as it is logged: what stands in a query is nobody's business there. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
