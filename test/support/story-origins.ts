import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WebSocketServer } from 'ws';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';
import { createAuthority } from './pki.ts';

const run = promisify(execFile);

/** The origins of the stories with real clients, their certificates from one root whose PEM lies at `caFile`. */
export interface StoryOrigins {
  readonly caFile: string;
  readonly folder: string;
  /** HTTPS under every name of the stories: echoes, serves git repositories and packages, takes WebSockets. */
  readonly secure: LoopbackServer;
  /** Plain HTTP: echoes, takes WebSockets. */
  readonly plain: LoopbackServer;
  /** Speaks first, as mail servers do: sends a banner, then echoes lines. */
  readonly banner: LoopbackServer;
  close(): Promise<void>;
}

/** Starts them. `/repository.git` is a git repository with one commit; `/exeat-story` is a package of version 1.0.0. */
export async function startStoryOrigins(names: readonly string[]): Promise<StoryOrigins> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-story-'));
  const root = await createAuthority('Story Test Root');
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, root.certificatePem);
  await makeRepository(folder);
  const tarball = await makePackage(folder);
  const issued = await root.issueServer({ names });
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    answer(folder, tarball, request, response).catch(() => response.destroy());
  };
  const withCertificate = { cert: issued.chainPem, key: issued.keyPem };
  const secure = await serveOnLoopback(takeWebSockets(createHttpsServer(withCertificate, handler)));
  const plain = await serveOnLoopback(takeWebSockets(createHttpServer(handler)));
  const banner = await serveOnLoopback(createTcpServer(speakFirst));
  return {
    caFile,
    folder,
    secure,
    plain,
    banner,
    close: async () => {
      await Promise.all([secure.close(), plain.close(), banner.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answer(
  folder: string,
  tarball: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (path.startsWith('/repository.git')) await answerGit(folder, request, response);
  else if (path === '/exeat-story') response.end(JSON.stringify(packageDocument(tarball, request.headers.host ?? '')));
  else if (path === '/exeat-story-1.0.0.tgz') response.end(tarball);
  else if (path === '/large') response.end(Buffer.alloc(8 << 20, 'exeat'));
  else {
    // Answering before the body was read makes Node close with RST, and the answer may be lost on its way.
    for await (const _chunk of request);
    response.end(`method=${request.method} host=${request.headers.host} path=${request.url}\n`);
  }
}

/** Git's own smart HTTP back end as a CGI program (git-http-backend(1)). */
async function answerGit(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://origin.example');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => {
    // The back end may answer before it read everything; its answer tells.
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  const split = all.indexOf('\r\n\r\n');
  const fields = all.subarray(0, split).toString('latin1').split('\r\n');
  for (const field of fields) {
    const [name = '', value = ''] = field.split(/: (.*)/s);
    if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(all.subarray(split + 4));
}

async function makeRepository(folder: string): Promise<void> {
  const work = join(folder, 'work');
  const author = ['-c', 'user.name=Story', '-c', 'user.email=story@example.com'];
  await run('git', ['init', '-q', '-b', 'main', work]);
  await writeFile(join(work, 'README'), 'a story repository\n');
  await run('git', ['-C', work, 'add', '.']);
  await run('git', ['-C', work, ...author, 'commit', '-q', '-m', 'first']);
  await run('git', ['clone', '-q', '--bare', work, join(folder, 'repository.git')]);
}

async function makePackage(folder: string): Promise<Buffer> {
  const root = join(folder, 'tarball');
  await mkdir(join(root, 'package'), { recursive: true });
  await writeFile(join(root, 'package', 'package.json'), '{"name":"exeat-story","version":"1.0.0"}');
  await run('tar', ['-C', root, '-czf', join(folder, 'story.tgz'), 'package']);
  return readFile(join(folder, 'story.tgz'));
}

function packageDocument(tarball: Buffer, host: string): unknown {
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const version = {
    name: 'exeat-story',
    version: '1.0.0',
    dist: { tarball: `https://${host}/exeat-story-1.0.0.tgz`, integrity },
  };
  return { name: 'exeat-story', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } };
}

function speakFirst(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.write('220 mail.example ready\r\n');
  socket.on('data', (chunk) => socket.write(chunk));
}

function takeWebSockets(server: ReturnType<typeof createHttpServer>): Server {
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (peer) => peer.on('message', (data) => peer.send(`echo:${String(data)}`)));
  return server;
}
