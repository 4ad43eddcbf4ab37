import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { Anchor } from './anchor.ts';

/** Answers are read this far and thrown away: only the status counts. */
const maxAnswerBytes = 64 * 1024;

/** Posts each checkpoint to a URL as `text/plain`; any status of 200 to 299 is taken. Redirects are not followed. */
export function createHttpAnchor(url: string, authorities: string | null): Anchor {
  const { origin, pathname } = new URL(url);
  return {
    // The name is logged; a token in a query is nobody's business there.
    name: `http ${origin}${pathname}`,
    send: async (note, signal) => {
      const ca = authorities === null ? {} : { ca: await readFile(authorities, 'utf8') };
      const dispatcher = new Agent({ connections: 1, pipelining: 0, connect: ca });
      try {
        const headers = { 'content-type': 'text/plain; charset=utf-8' };
        const answer = await request(url, { method: 'POST', body: note, headers, dispatcher, signal });
        await answer.body.dump({ limit: maxAnswerBytes, signal });
        if (answer.statusCode < 200 || answer.statusCode > 299) throw new TypeError(`status ${answer.statusCode}`);
      } finally {
        await dispatcher.destroy();
      }
    },
  };
}
