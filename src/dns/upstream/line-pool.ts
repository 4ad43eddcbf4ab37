import { createCookieJar } from './cookies.ts';
import { createServerLine, type LineContext, type ServerLine } from './server-line.ts';
import type { UpstreamServer } from './upstream-server.ts';

/** The lines to servers, each server one, whatever zones it is in. */
export interface LinePool {
  lineTo(server: UpstreamServer): ServerLine;
  /** Closes lines to servers that are not among these. */
  keepOnly(servers: readonly UpstreamServer[]): void;
  close(): void;
}

/** Servers whose cookie is remembered; configurations have a handful. */
const maxCookies = 1000;

/** Makes an empty pool. */
export function createLinePool(options: Omit<LineContext, 'cookies'>): LinePool {
  const context: LineContext = { ...options, cookies: createCookieJar(maxCookies) };
  const lines = new Map<string, ServerLine>();
  const keepOnly = (servers: readonly UpstreamServer[]): void => {
    const kept = new Set(servers.map((one) => one.text));
    for (const [text, line] of lines) {
      if (kept.has(text)) continue;
      lines.delete(text);
      line.close();
    }
  };
  return {
    lineTo: (server) => {
      const known = lines.get(server.text);
      if (known !== undefined) return known;
      const line = createServerLine(server, context);
      lines.set(server.text, line);
      return line;
    },
    keepOnly,
    close: () => keepOnly([]),
  };
}
