import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { onLines } from '../transport/index.ts';

/** Answers one question. What it throws is told to the asker as a fault, without a stack. */
export type Answerer = (body: unknown) => unknown | Promise<unknown>;

/** Questions by name. */
export type Answerers = Readonly<Record<string, Answerer>>;

/** A local socket that serves questions. */
export interface LocalServer {
  close(): Promise<void>;
}

// A question is an instruction, a destination or the ids of grants that end; an answer may be a page of metrics or a status with its lists.
const maxQuestionBytes = 1024 * 1024;
const maxAnswerBytes = 64 * 1024 * 1024;
const maxConnections = 64;

/**
 * Serves questions on a unix socket, mode 0600: one JSON object a line in (`{ "ask": "status", "body": … }`), one a line out.
 * Throws what listening throws.
 */
export async function serveLocal(path: string, answerers: Answerers): Promise<LocalServer> {
  rmSync(path, { force: true });
  const server = createServer((socket) => serveSocket(socket, answerers));
  server.maxConnections = maxConnections;
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  const short = shortPath(path);
  await listenOn(server, short.path);
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          // Kept until now: closing removes the socket by the path that it was opened with.
          short.release();
          resolve();
        });
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Asks one question. Faults: `not_running` when nobody listens, `ask_failed` when the answer is a fault or does not come. */
export async function askLocal<T>(
  path: string,
  ask: string,
  body: unknown = null,
  timeoutMs = 10_000,
): Promise<Result<T>> {
  const short = shortPath(path);
  try {
    return await exchange<T>(createConnection(short.path), `${JSON.stringify({ ask, body })}\n`, timeoutMs);
  } finally {
    short.release();
  }
}

function exchange<T>(socket: Socket, question: string, timeoutMs: number): Promise<Result<T>> {
  return new Promise((resolve) => {
    const end = (result: Result<T>): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(
        failed(
          fault(
            'not_running',
            `no running \`exeat up\` answers on this state (${error.code}), start it or name its configuration with \`--config\``,
          ),
        ),
      ),
    );
    socket.setTimeout(timeoutMs, () =>
      end(failed(fault('ask_failed', `the running product did not answer within ${timeoutMs} ms`))),
    );
    socket.on('close', () =>
      end(failed(fault('ask_failed', 'the running product closed the connection without an answer'))),
    );
    onLines(socket, maxAnswerBytes, (line) => end(readAnswer<T>(line)));
    socket.write(question);
  });
}

function readAnswer<T>(line: string): Result<T> {
  try {
    const answer = JSON.parse(line) as { ok: boolean; value: T; message: string };
    return answer.ok ? ok(answer.value) : failed(fault('ask_failed', answer.message));
  } catch {
    return failed(fault('ask_failed', 'the answer is not JSON, are both sides of one version?'));
  }
}

function serveSocket(socket: Socket, answerers: Answerers): void {
  socket.on('error', () => socket.destroy());
  let turn: Promise<void> = Promise.resolve();
  onLines(socket, maxQuestionBytes, (line) => {
    turn = turn.then(async () => {
      const answer = await answerLine(line, answerers);
      if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
    });
  });
}

async function answerLine(line: string, answerers: Answerers): Promise<Record<string, unknown>> {
  try {
    const { ask, body } = JSON.parse(line) as { ask: string; body: unknown };
    const answerer = Object.hasOwn(answerers, ask) ? answerers[ask] : undefined;
    if (answerer === undefined) return { ok: false, message: `nobody answers \`${ask}\`` };
    return { ok: true, value: (await answerer(body)) ?? null };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function listenOn(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays on after listening: an accept that fails (no descriptors left) must not end the process.
    server.on('error', reject);
    server.listen(path, resolve);
  });
}

/** A path that the kernel takes for a unix socket, at most 107 bytes (unix(7)): a deep folder is reached by its descriptor. `release` closes that. */
export function shortPath(path: string): { readonly path: string; release(): void } {
  if (Buffer.byteLength(path) <= 100 || process.platform !== 'linux') return { path, release: () => undefined };
  let folder: number;
  try {
    folder = openSync(dirname(path), 'r');
  } catch {
    return { path, release: () => undefined };
  }
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, release: () => closeSync(folder) };
}
