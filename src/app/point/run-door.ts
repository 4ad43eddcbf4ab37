import { spawn } from 'node:child_process';
import type { Socket as DatagramSocket } from 'node:dgram';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { ExeatError, failed, fault, ok, type Result } from '../../base/index.ts';
import { findProgram, receiverScript } from '../../sandbox/index.ts';
import { onLines } from '../../transport/index.ts';
import { entryBeside } from '../front/index.ts';
import { shortPath } from '../local-socket.ts';
import type { Logger } from '../logger.ts';

/** Who is at the other end of a connection, as the kernel noted it when it was made: `groups` are the supplementary ones. */
export interface DoorPeer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * Listening sockets of a caller's network namespace: of the proxy, of DNS over TCP and UDP, and those that take connections to any address
 * on ports that are read by name.
 */
export interface RunSockets {
  readonly proxy: Server;
  readonly dnsStream: Server;
  readonly dnsDatagram: DatagramSocket;
  readonly names: readonly Server[];
}

/** The network namespace of a caller, which no process of the point can reach otherwise. */
export interface RunNamespace {
  /**
   * Hands it with a line to whoever listens at a path, once, if the caller made it. Gives what was answered. Fault: `run_unlinked`.
   */
  handTo(path: string, line: string): Promise<Result<unknown>>;
  /** Lets go of it. */
  release(): void;
}

/** One caller: who, what was asked, and with which sockets. */
export interface DoorCaller {
  readonly peer: DoorPeer;
  readonly request: string;
  readonly sockets: RunSockets;
  readonly namespace: RunNamespace;
}

/** What became of a caller. `end` gives the last line that it is told. */
export interface AdmittedRun {
  readonly answer: object;
  end(): Promise<object>;
}

/** Where callers come. */
export interface RunDoor {
  close(): Promise<void>;
}

/** What a door is made of. `isOpen`: whoever reaches the socket may knock; else only the user of the point and root. */
export interface RunDoorOptions {
  readonly path: string;
  readonly isOpen: boolean;
  readonly logger: Logger;
  admit(caller: DoorCaller): Promise<AdmittedRun>;
}

// A caller costs two starts of programs, and a run three sockets.
const mostKnocking = 8;
const mostConnections = 256;
const knockMs = 10_000;
// Longer than the helper takes for a link in its worst.
const handOverMs = 25_000;
const maxAnswerBytes = 4_096;

/** Opens the door: a unix socket. Throws an ExeatError with one line where it cannot listen. */
export async function openRunDoor(options: RunDoorOptions): Promise<RunDoor> {
  const open = new Set<Socket>();
  let knocking = 0;
  // Paused: what comes must be taken together with the sockets that come with it, which Node would drop.
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    if (knocking >= mostKnocking) return refuse(socket, 'too many runs begin at once, try again');
    knocking += 1;
    void receive(socket)
      .finally(() => (knocking -= 1))
      .then((caller) => serve(socket, caller, options))
      .catch((error: unknown) => refuse(socket, error instanceof Error ? error.message : String(error)));
  });
  server.maxConnections = mostConnections;
  const short = await listenOn(server, options);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          short.release();
          resolve();
        });
        for (const socket of open) socket.destroy();
      }),
  };
}

async function serve(socket: Socket, caller: DoorCaller, options: RunDoorOptions): Promise<void> {
  let run: AdmittedRun;
  try {
    run = await options.admit(caller);
  } catch (error) {
    closeSockets(caller.sockets);
    throw error;
  } finally {
    caller.namespace.release();
  }
  // The end of the connection, however it comes, is the end of the run.
  const gone = new Promise<void>((resolve) => {
    socket.on('end', resolve).on('close', () => resolve());
    onLines(socket, 1_024, () => undefined);
  });
  socket.resume();
  socket.write(`${JSON.stringify({ ok: true, ...run.answer })}\n`);
  await gone;
  const last = await run.end();
  if (socket.destroyed) return;
  socket.end(`${JSON.stringify(last)}\n`);
}

/** Closes what a caller handed over. */
export function closeSockets({ proxy, dnsStream, dnsDatagram, names }: RunSockets): void {
  for (const server of [proxy, dnsStream, ...names]) server.close();
  try {
    dnsDatagram.close();
  } catch {
    // Closed already.
  }
}

function refuse(socket: Socket, message: string): void {
  if (!socket.destroyed) socket.end(`${JSON.stringify({ ok: false, message })}\n`, () => socket.destroy());
}

function receive(socket: Socket): Promise<DoorCaller> {
  const perl = findProgram('perl');
  if (perl === null) throw new ExeatError('launcher_missing', 'the door of runs needs `perl`, install perl-base');
  const words = [
    '-e',
    receiverScript,
    '--',
    process.execPath,
    entryBeside(import.meta.url, '../run/hand-over-process'),
  ];
  const child = spawn(perl, words, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', socket, 'pipe'],
    timeout: knockMs,
    killSignal: 'SIGKILL',
  });
  const channel = (child.stdio as readonly unknown[])[5] as Socket;
  channel.on('error', () => channel.destroy());
  return new Promise((resolve, reject) => {
    const got = new Map<string, unknown>();
    const names: Server[] = [];
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString('utf8')}`.slice(0, 300);
    });
    child.on('message', (message: HandOver, handle: unknown) => {
      if (message.kind === 'name') names.push(handle as Server);
      else got.set(message.kind, message.kind === 'caller' ? message : handle);
      if (message.kind === 'dns_datagram') resolve({ ...callerOf(got, names), namespace: namespaceOf(channel) });
    });
    // What holds the namespace goes on without it otherwise.
    child.on('disconnect', () => {
      if (!got.has('dns_datagram')) channel.destroy();
    });
    child.on('error', reject);
    child.on('close', () => {
      // The last of them says that all are there.
      if (got.has('dns_datagram')) return;
      const left = [got.get('proxy'), got.get('dns_stream'), ...names] as readonly (Server | undefined)[];
      for (const server of left) server?.close();
      reject(new ExeatError('run_malformed', `the caller handed over no sockets: ${said.trim()}`));
    });
  });
}

type HandOver =
  | { readonly kind: 'caller'; readonly peer: string; readonly request: string }
  | { readonly kind: 'proxy' | 'dns_stream' | 'dns_datagram' | 'name' };

function namespaceOf(channel: Socket): RunNamespace {
  return {
    handTo: (path, line) =>
      new Promise((resolve) => {
        const gone = fault('run_unlinked', 'the namespace of the run is gone');
        channel.setTimeout(handOverMs, () => channel.destroy());
        channel.on('close', () => resolve(failed(gone)));
        onLines(channel, maxAnswerBytes, (answer) => resolve(readAnswer(answer)));
        channel.write(`${path} ${line}\n`);
      }),
    release: () => void channel.destroy(),
  };
}

function readAnswer(line: string): Result<unknown> {
  try {
    const answer = JSON.parse(line) as Result<unknown>;
    return answer.ok ? ok(answer.value) : failed(fault(answer.fault.code, answer.fault.message));
  } catch {
    return failed(fault('run_unlinked', 'the helper of the gateway says what cannot be read'));
  }
}

function callerOf(got: ReadonlyMap<string, unknown>, names: readonly Server[]): Omit<DoorCaller, 'namespace'> {
  const { peer, request } = got.get('caller') as { readonly peer: string; readonly request: string };
  const dns = { dnsStream: got.get('dns_stream') as Server, dnsDatagram: got.get('dns_datagram') as DatagramSocket };
  const sockets = { proxy: got.get('proxy') as Server, ...dns, names };
  return { peer: parsePeer(peer), request, sockets };
}

function parsePeer(text: string): DoorPeer {
  const [pid, uid, gid, groups] = text.split(':');
  const numbers = (groups ?? '').split(',').filter((one) => one !== '');
  return { pid: Number(pid), uid: Number(uid), gid: Number(gid), groups: numbers.map(Number) };
}

function listenOn(server: Server, { path, isOpen, logger }: RunDoorOptions): Promise<ReturnType<typeof shortPath>> {
  const made = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A folder of our own is for whoever may knock: the umask of the point would shut them out.
  if (isOpen && made !== undefined) chmodSync(dirname(path), 0o755);
  rmSync(path, { force: true });
  const short = shortPath(path);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ExeatError(
          'run_door_failed',
          `cannot listen on \`${path}\` for \`exeat run\` (${error.code}), change \`run.socket\``,
        ),
      ),
    );
    server.listen(short.path, () => {
      chmodSync(path, isOpen ? 0o666 : 0o600);
      server.on('error', (error) => logger.warn('a caller of `exeat run` was not accepted', { cause: error.message }));
      resolve(short);
    });
  });
}
