import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, TRUNCATED_RESPONSE } from 'dns-packet';
import { listenOnBoth } from './listen-on-both.ts';

/** How a question arrived. */
export type Via = 'udp' | 'tcp' | 'tls' | 'https';

/** An EDNS option. */
export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** A question as it arrived. `name` is lower case, `spelling` as it was sent; `count` is how often this name and type was asked. */
export interface AskedQuestion {
  readonly id: number;
  readonly name: string;
  readonly spelling: string;
  readonly type: string;
  readonly via: Via;
  readonly count: number;
  /** The EDNS options of the query; null when it had no EDNS. */
  readonly options: readonly EdnsOption[] | null;
  /** The size of datagrams that the query allows; 0 without EDNS. */
  readonly payloadBytes: number;
  /** Which connection it came on, counted from 1; 0 for UDP. */
  readonly connection: number;
}

/** What the server does with a question. Everything is optional: `{}` is an empty NOERROR. */
export interface ScriptedAnswer {
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly rcode?: keyof typeof rcodes;
  /** Answer after this many milliseconds. */
  readonly delayMs?: number;
  /** Say nothing. */
  readonly silent?: boolean;
  /** Set the truncation bit and leave the answers out. */
  readonly truncated?: boolean;
  /** Send this before the real answer (forgeries), or alone with `silent`. */
  readonly before?: readonly Forgery[];
  /** Repeat the question in lower case, as servers do that know nothing of random case. */
  readonly lowerCase?: boolean;
  /** Send a head without the question, as servers from before EDNS do. */
  readonly bare?: boolean;
  /** Answer with EDNS and these options. */
  readonly options?: readonly EdnsOption[];
  /** Close the connection instead of answering. */
  readonly breakOff?: boolean;
  /** Answer with this status instead of 200, over HTTPS. */
  readonly httpStatus?: number;
  /** Take no more questions on this connection (GOAWAY), over HTTPS. */
  readonly goAway?: boolean;
}

/** A response that should not be believed: another id, another question, a query instead of a response, or raw bytes. */
export interface Forgery {
  readonly answers?: readonly Answer[];
  readonly id?: number;
  readonly name?: string;
  readonly type?: 'A' | 'AAAA';
  readonly isQuery?: boolean;
  readonly questions?: number;
  readonly raw?: Uint8Array;
  readonly options?: readonly EdnsOption[];
}

/** A DNS server on loopback. `server` is `127.0.0.1:port`. Change `script` at any time; `asked` is all that arrived. */
export interface TestDnsServer {
  readonly server: string;
  readonly port: number;
  /** Ports of DNS over TLS and over HTTPS; 0 without a certificate. */
  readonly tlsPort: number;
  readonly httpsPort: number;
  readonly asked: readonly AskedQuestion[];
  script: (question: AskedQuestion) => ScriptedAnswer;
  close(): Promise<void>;
}

/** Response codes that fit the head, and BADCOOKIE, whose upper bits go into EDNS. */
const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADCOOKIE: 23 } as const;

/** A certificate for DNS over TLS and HTTPS, PEM. */
export interface ServerCertificate {
  readonly chainPem: string;
  readonly keyPem: string;
}

/** An A or AAAA record by the look of the address, TTL in seconds. */
export function address(name: string, data: string, ttl = 300): Answer {
  return { type: data.includes(':') ? 'AAAA' : 'A', name, data, ttl, class: 'IN' };
}

/** A CNAME record. */
export function alias(name: string, data: string, ttl = 300): Answer {
  return { type: 'CNAME', name, data, ttl, class: 'IN' };
}

/** An SOA record, for how long a "no" may be kept (seconds). */
export function soa(name: string, minimum: number): Answer {
  const data = { mname: `ns.${name}`, rname: `admin.${name}`, serial: 1, refresh: 60, retry: 60, expire: 60, minimum };
  return { type: 'SOA', name, data, ttl: minimum, class: 'IN' };
}

/**
 * Starts a server for UDP and TCP on one port, and for TLS and HTTPS on two more with a certificate. Without a script it answers from
 * `records` by name and type, else NXDOMAIN.
 */
export async function startDnsServer(
  records: readonly Answer[] = [],
  certificate: ServerCertificate | null = null,
): Promise<TestDnsServer> {
  const { tcp, udp, port } = await listenOnBoth();
  const asked: AskedQuestion[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const ask = (bytes: Buffer, from: Pick<AskedQuestion, 'via' | 'connection'>, reply: Reply): void => {
    const question = readQuery(bytes, from, asked);
    if (question === null) return;
    asked.push(question);
    const scripted = handle.script(question);
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (scripted.breakOff === true) return reply(null, scripted);
      for (const packet of responses(question, scripted)) reply(packet, scripted);
    }, scripted.delayMs ?? 0);
    timers.add(timer);
  };
  udp.on('message', (bytes, peer) =>
    ask(bytes, { via: 'udp', connection: 0 }, (packet) => {
      if (packet !== null) udp.send(packet, peer.port, peer.address);
    }),
  );
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  let connections = 0;
  const serve = (socket: Socket, via: 'tcp' | 'tls'): void => {
    keep(socket);
    connections += 1;
    const connection = connections;
    serveFramed(socket, (bytes, reply) => ask(bytes, { via, connection }, reply));
  };
  tcp.on('connection', (socket) => serve(socket, 'tcp'));
  const secure = certificate === null ? [] : await startSecure(certificate, { ask, serve, keep });
  const handle: TestDnsServer = {
    server: `127.0.0.1:${port}`,
    port,
    tlsPort: portOf(secure[0]),
    httpsPort: portOf(secure[1]),
    asked,
    script: (question) => answerFrom(records, question),
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      udp.close();
      await Promise.all([tcp, ...secure].map((one) => new Promise((resolve) => one.close(resolve))));
    },
  };
  return handle;
}

/** Sends a response, or ends the connection for null. */
type Reply = (packet: Uint8Array | null, scripted: ScriptedAnswer) => void;

interface Front {
  readonly ask: (bytes: Buffer, from: Pick<AskedQuestion, 'via' | 'connection'>, reply: Reply) => void;
  readonly serve: (socket: Socket, via: 'tls') => void;
  readonly keep: (socket: Socket) => void;
}

function portOf(server: Server | undefined): number {
  return server === undefined ? 0 : (server.address() as AddressInfo).port;
}

async function startSecure({ chainPem, keyPem }: ServerCertificate, front: Front): Promise<readonly Server[]> {
  const material = { cert: chainPem, key: keyPem };
  const tls = createTlsServer(material, (socket) => front.serve(socket, 'tls'));
  const https = createSecureServer(material);
  let connections = 0;
  https.on('session', (session) => {
    connections += 1;
    const connection = connections;
    session.on('error', () => session.destroy());
    session.on('stream', (stream) =>
      readBody(stream, (bytes) =>
        front.ask(bytes, { via: 'https', connection }, (packet, scripted) => {
          if (packet === null) session.destroy();
          else respond(stream, packet, scripted.httpStatus ?? 200);
          if (scripted.goAway === true) session.goaway();
        }),
      ),
    );
  });
  for (const server of [tls, https]) {
    server.on('connection', front.keep);
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  return [tls, https];
}

function readBody(stream: ServerHttp2Stream, onBody: (bytes: Buffer) => void): void {
  const parts: Buffer[] = [];
  stream.on('error', () => stream.destroy());
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('end', () => onBody(Buffer.concat(parts)));
}

function respond(stream: ServerHttp2Stream, packet: Uint8Array, status: number): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': status, 'content-type': 'application/dns-message' });
  stream.end(packet);
}

function serveFramed(socket: Socket, onMessage: (bytes: Buffer, reply: Reply) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const message = held.subarray(2, 2 + held.readUInt16BE(0));
      held = held.subarray(2 + message.length);
      onMessage(message, (packet) => {
        if (packet === null) return socket.destroy();
        const framed = Buffer.alloc(packet.length + 2);
        framed.writeUInt16BE(packet.length);
        framed.set(packet, 2);
        return socket.write(framed);
      });
    }
  });
}

function readQuery(
  bytes: Buffer,
  from: Pick<AskedQuestion, 'via' | 'connection'>,
  asked: readonly AskedQuestion[],
): AskedQuestion | null {
  const query = decode(bytes);
  const [first] = query.questions ?? [];
  if (first === undefined) return null;
  const name = first.name.toLowerCase();
  const count = asked.filter((one) => one.name === name && one.type === first.type).length + 1;
  const opt = query.additionals?.find((one) => one.type === 'OPT');
  const edns =
    opt?.type === 'OPT'
      ? {
          options: opt.options.map((one) => ({ code: one.code, data: optionData(one) })),
          payloadBytes: opt.udpPayloadSize,
        }
      : { options: null, payloadBytes: 0 };
  return { id: query.id ?? 0, name, spelling: first.name, type: String(first.type), count, ...edns, ...from };
}

function optionData(option: object): Uint8Array {
  return 'data' in option && option.data instanceof Uint8Array ? option.data : new Uint8Array();
}

function answerFrom(records: readonly Answer[], question: AskedQuestion): ScriptedAnswer {
  const own = records.filter((record) => record.name.toLowerCase() === question.name);
  if (own.length === 0) return { rcode: 'NXDOMAIN' };
  return { answers: own.filter((record) => record.type === question.type || record.type === 'CNAME') };
}

function responses(question: AskedQuestion, scripted: ScriptedAnswer): readonly Uint8Array[] {
  const forged = (scripted.before ?? []).map((forgery) => forge(question, forgery));
  if (scripted.silent === true) return forged;
  const rcode = rcodes[scripted.rcode ?? 'NOERROR'];
  const real = encode({
    type: 'response',
    id: question.id,
    flags: AUTHORITATIVE_ANSWER | (scripted.truncated === true ? TRUNCATED_RESPONSE : 0) | (rcode & 0xf),
    questions:
      scripted.bare === true
        ? []
        : [
            {
              type: question.type as 'A',
              name: scripted.lowerCase === true ? question.name : question.spelling,
              class: 'IN',
            },
          ],
    answers: scripted.truncated === true ? [] : [...(scripted.answers ?? [])],
    authorities: [...(scripted.authorities ?? [])],
    additionals: optOf(scripted.options, rcode >> 4),
  });
  return [...forged, real];
}

function optOf(options: readonly EdnsOption[] | undefined, extendedRcode: number): Answer[] {
  if (options === undefined) return [];
  const packed = options.map(({ code, data }) => ({ code, data: Buffer.from(data) }));
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode, ednsVersion: 0, flags: 0, flag_do: false };
  // The types of dns-packet ask for a field of each option that its writer does not look at.
  return [{ ...opt, options: packed } as unknown as Answer];
}

function forge(question: AskedQuestion, forgery: Forgery): Uint8Array {
  if (forgery.raw !== undefined) return forgery.raw;
  const asked = {
    type: forgery.type ?? (question.type as 'A'),
    name: forgery.name ?? question.spelling,
    class: 'IN' as const,
  };
  return encode({
    type: forgery.isQuery === true ? 'query' : 'response',
    id: (question.id + (forgery.id ?? 0)) % 65_536,
    questions: Array.from({ length: forgery.questions ?? 1 }, () => asked),
    answers: [...(forgery.answers ?? [])],
    additionals: optOf(forgery.options, 0),
  });
}
