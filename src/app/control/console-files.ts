import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * What a page of the console may do: run and show what this listener serves, and speak with it. Nothing inline and nobody else: a name that
 * a workload made up cannot become a script, and what is shown cannot be sent elsewhere.
 */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  md: 'text/markdown; charset=utf-8',
};

/** One built file, as it is sent: plain and as far as it was compressed. */
interface ConsoleFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer | null;
  readonly brotli: Buffer | null;
  readonly etag: string;
  /** Its name holds its content, so a browser may keep it for good. */
  readonly isNamedByContent: boolean;
}

/** The built console by path (`/index.html`), all of it in memory: nothing that a request names is looked for on the disk. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** Reads the built console; null where it was not built. */
export function readConsoleFiles(folder: string = builtFolder()): ConsoleFiles | null {
  if (!existsSync(join(folder, 'index.html'))) return null;
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
  const sent = paths.filter((path) => types[endingOf(path)] !== undefined);
  return new Map(sent.map((path) => [path, readConsoleFile(folder, path, new Set(paths))] as const));
}

// The sources run beside `dist/`, the package runs in it.
function builtFolder(): string {
  return join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../../dist/console' : '../../console');
}

function endingOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function readConsoleFile(folder: string, path: string, all: ReadonlySet<string>): ConsoleFile {
  const read = (ending: string): Buffer | null =>
    all.has(path + ending) ? readFileSync(join(folder, path + ending)) : null;
  const plain = readFileSync(join(folder, path));
  return {
    type: types[endingOf(path)] ?? 'application/octet-stream',
    plain,
    gzip: read('.gz'),
    brotli: read('.br'),
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 27)}"`,
    isNamedByContent: path.startsWith('/assets/'),
  };
}

/** Serves the console: its files, and for every other path that is none of the API the page, which knows its own paths. */
export function serveConsole(server: FastifyInstance, files: ConsoleFiles): void {
  server.get('/*', (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    if (path === '/api' || path.startsWith('/api/')) return reply.callNotFound();
    const file = files.get(path);
    if (file !== undefined && path !== '/index.html') return sendFile(request, reply, file);
    const page = files.get('/index.html');
    // A file of another build is not a page: a browser that runs the old one learns that it is gone.
    if (page === undefined || path.startsWith('/assets/')) return reply.callNotFound();
    return sendFile(request, reply, page);
  });
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile): FastifyReply {
  reply.headers({
    'content-type': file.type,
    'cache-control': file.isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: file.etag,
    vary: 'accept-encoding',
    'content-security-policy': pagePolicy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  });
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  const accepted = request.headers['accept-encoding'] ?? '';
  const { brotli, gzip } = file;
  if (brotli !== null && /\bbr\b/.test(accepted)) return reply.header('content-encoding', 'br').send(brotli);
  if (gzip !== null && /\bgzip\b/.test(accepted)) return reply.header('content-encoding', 'gzip').send(gzip);
  return reply.send(file.plain);
}
