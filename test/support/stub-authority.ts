import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';
import { listenOnBoth } from './listen-on-both.ts';
import { draftAnswer, repeatQuestion, type StubTurn } from './stub-answers.ts';
import type { StubBehaviour, StubManner, StubRcode } from './stub-behaviour.ts';
import { spellBomb } from './stub-bombs.ts';

/** A question as it arrived. `name` is lower case, `spelling` as it was sent; `edns` is null without an OPT record. */
export interface StubQuery {
  readonly name: string;
  readonly spelling: string;
  /** `A`, `HTTPS`, or `TYPE123` for one without a name here. */
  readonly type: string;
  readonly via: 'udp' | 'tcp' | 'tls';
  readonly isRecursionDesired: boolean;
  readonly edns: StubEdns | null;
}

/** What the OPT record of a question said; codes as IANA numbers them: 8 is the client subnet, 10 the cookie. */
export interface StubEdns {
  readonly payloadBytes: number;
  readonly isDnssecOk: boolean;
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
}

/** What to start. */
export interface StubAuthorityOptions {
  /** Certificate chain and key (PEM) for DNS over TLS on a port of its own. Default: no TLS. */
  readonly tls?: { readonly chainPem: string; readonly keyPem: string };
}

/** A running stub. `port` is for UDP and TCP, `tlsPort` for DNS over TLS, 0 without. */
export interface StubAuthority {
  readonly port: number;
  readonly tlsPort: number;
  /** `127.0.0.1:PORT`. */
  readonly server: string;
  /** Every question that arrived, in order; of one name only, when it is given. */
  asked(name?: string): readonly StubQuery[];
  /** Messages that could not be read as a question. */
  malformed(): number;
  /** Gives a name another behaviour, for questions from now on. `name` is a key as in the table. */
  set(name: string, behaviour: StubBehaviour): void;
  close(): Promise<void>;
}

const rcodes: Readonly<Record<StubRcode, number>> = {
  ...{ NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 },
};
const cookieCode = 10;
const plainPayloadBytes = 512;
const ownPayloadBytes = 1232;
const streamPayloadBytes = 65_535;
// A bomb need not be larger to be one; the rest is the length of its last record.
const bombBytes = 60_000;
const mostRemembered = 100_000;
const nowhere: StubBehaviour = { does: 'rcode', rcode: 'NXDOMAIN', ttlSeconds: 30 };

/**
 * Starts a DNS server on loopback that answers from a table. A key is a name, `NAME TYPE` for one type of it, which goes
 * first, or `*.NAME` for every name below; a name in no row gets NXDOMAIN with an SOA. Example:
 * `startStubAuthority({ 'api.example.com': { does: 'addresses', addresses: ['192.0.2.1'] } })`. It reads and writes with
 * `dns-packet` and with bytes of its own, so that no mistake of the product hides itself.
 */
export async function startStubAuthority(
  table: Readonly<Record<string, StubBehaviour>>,
  options: StubAuthorityOptions = {},
): Promise<StubAuthority> {
  const state = createState(table);
  const { tcp, udp, port } = await listenOnBoth();
  const sockets = new Set<Socket>();
  udp.on('message', (bytes, peer) => {
    // A peer may be gone when its answer goes out; that is not our trouble.
    receive(state, bytes, { via: 'udp', send: (reply) => udp.send(reply, peer.port, peer.address, () => undefined) });
  });
  tcp.on('connection', (socket) => readStream(state, sockets, socket, 'tcp'));
  const tls = options.tls && createTlsServer({ cert: options.tls.chainPem, key: options.tls.keyPem });
  tls?.on('secureConnection', (socket) => readStream(state, sockets, socket, 'tls'));
  tls?.on('connection', (socket: Socket) => keepTrack(sockets, socket));
  tls?.listen(0, '127.0.0.1');
  if (tls !== undefined) await once(tls, 'listening');
  return {
    port,
    tlsPort: tls === undefined ? 0 : (tls.address() as AddressInfo).port,
    server: `127.0.0.1:${port}`,
    asked: (name) =>
      name === undefined ? state.asked : state.asked.filter((query) => query.name === name.toLowerCase()),
    malformed: () => state.malformed,
    set: (name, behaviour) => void state.rows.set(keyOf(name), behaviour),
    close: async () => {
      for (const timer of state.timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      udp.close();
      await Promise.all([tcp, tls].map((server) => server && once(server.close(), 'close')));
    },
  };
}

interface StubState {
  readonly rows: Map<string, StubBehaviour>;
  readonly asked: StubQuery[];
  readonly turns: Map<string, number>;
  readonly timers: Set<NodeJS.Timeout>;
  malformed: number;
}

/** Where a question came from, and how its answer goes back. */
interface Channel {
  readonly via: StubQuery['via'];
  readonly send: (reply: Uint8Array) => void;
}

function createState(table: Readonly<Record<string, StubBehaviour>>): StubState {
  const rows = new Map(Object.entries(table).map(([name, behaviour]) => [keyOf(name), behaviour] as const));
  return { rows, asked: [], turns: new Map(), timers: new Set(), malformed: 0 };
}

/** Names are compared without case, types are upper case in keys. */
function keyOf(name: string): string {
  const [host = '', type] = name.split(' ');
  return type === undefined ? host.toLowerCase() : `${host.toLowerCase()} ${type}`;
}

function receive(state: StubState, message: Buffer, channel: Channel): void {
  const packet = readPacket(message);
  const query = packet && readQuery(packet, channel.via);
  if (packet === null || query === null) {
    state.malformed += 1;
    return;
  }
  if (state.asked.length < mostRemembered) state.asked.push(query);
  const { behaviour, turn } = chooseRow(state, query);
  if (behaviour.does === 'silence') return;
  const replies = spellReplies(behaviour, { query, turn, id: packet.id ?? 0 });
  if (behaviour.delayMs === undefined) sendAll(channel, replies);
  else sendLater(state.timers, () => sendAll(channel, replies), behaviour.delayMs);
}

function sendAll(channel: Channel, replies: readonly Uint8Array[]): void {
  for (const bytes of replies) channel.send(bytes);
}

function sendLater(timers: Set<NodeJS.Timeout>, send: () => void, delayMs: number): void {
  const timer = setTimeout(() => {
    timers.delete(timer);
    send();
  }, delayMs);
  timers.add(timer);
}

function readPacket(bytes: Buffer): Packet | null {
  try {
    return decode(bytes);
  } catch {
    // Tests send such bytes on purpose; the count says that they came.
    return null;
  }
}

function readQuery(packet: Packet, via: StubQuery['via']): StubQuery | null {
  const [question] = packet.questions ?? [];
  if (packet.type !== 'query' || question === undefined) return null;
  // The library reads labels as UTF-8; what it changed could not be repeated as it came.
  if (/[^!-~]/.test(question.name)) return null;
  const found = packet.additionals?.find((record) => record.type === 'OPT');
  const edns = found && {
    payloadBytes: found.udpPayloadSize,
    isDnssecOk: found.flag_do,
    options: found.options.map(({ code, data }) => ({ code: Number(code), data: Uint8Array.from(data ?? []) })),
  };
  return {
    name: question.name.toLowerCase(),
    spelling: question.name,
    type: typeText(question.type),
    via,
    isRecursionDesired: ((packet.flags ?? 0) & 0x100) !== 0,
    edns: edns ?? null,
  };
}

/** The library knows neither HTTPS nor SVCB by name. */
function typeText(type: string): string {
  if (type === 'UNKNOWN_65') return 'HTTPS';
  return type === 'UNKNOWN_64' ? 'SVCB' : type.replace('UNKNOWN_', 'TYPE');
}

function typeName(type: string): string {
  if (type === 'HTTPS') return 'UNKNOWN_65';
  return type === 'SVCB' ? 'UNKNOWN_64' : type.replace('TYPE', 'UNKNOWN_');
}

function chooseRow(
  state: StubState,
  { name, type }: StubQuery,
): { readonly behaviour: StubBehaviour; readonly turn: StubTurn } {
  const key = `${name} ${type}`;
  const turn = state.turns.get(key) ?? 0;
  if (state.turns.size < mostRemembered) state.turns.set(key, turn + 1);
  const own = state.rows.get(key) ?? state.rows.get(name);
  if (own !== undefined) return { behaviour: own, turn: { name, type, turn, owner: name } };
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const owner = name.slice(dot + 1);
    const above = state.rows.get(owner);
    const below = above?.does === 'dname' ? above : state.rows.get(`*.${owner}`);
    if (below !== undefined) return { behaviour: below, turn: { name, type, turn, owner } };
  }
  return { behaviour: nowhere, turn: { name, type, turn, owner: name } };
}

interface Reply {
  readonly query: StubQuery;
  readonly turn: StubTurn;
  readonly id: number;
}

function spellReplies(behaviour: StubBehaviour, reply: Reply): readonly Uint8Array[] {
  const { query, id } = reply;
  const room = query.via === 'udp' ? (query.edns?.payloadBytes ?? plainPayloadBytes) : streamPayloadBytes;
  if (behaviour.does === 'bomb') {
    // The library tells the number of a type only by writing it: after the header and the empty name.
    const type = encode({ questions: [{ name: '', type: typeName(query.type) as 'A' }] }).readUInt16BE(13);
    return [spellBomb(behaviour.shape, { id, spelling: query.spelling, type }, Math.min(room, bombBytes))];
  }
  const first = spellReply(behaviour, reply, room);
  if (behaviour.lie === undefined || behaviour.thenTruth !== true) return [first];
  const { lie: _, ...honest } = behaviour;
  return [first, spellReply(honest, reply, room)];
}

function spellReply(behaviour: StubBehaviour, reply: Reply, roomBytes: number): Uint8Array {
  const { query, turn, id } = reply;
  const draft = draftAnswer(behaviour, turn);
  const repeated = repeatQuestion(behaviour.lie, query);
  const whole: Packet = {
    type: behaviour.lie === 'query' ? 'query' : 'response',
    id: behaviour.lie === 'id' ? (id + 1) % 65_536 : id,
    flags: AUTHORITATIVE_ANSWER | rcodes[draft.rcode] | (query.isRecursionDesired ? 0x180 : 0x80),
    questions: [{ ...repeated, type: typeName(repeated.type) as 'A' }],
    answers: [...draft.answers],
    authorities: [...draft.authorities],
    additionals: [...draft.additionals, ...optRecord(query, behaviour)],
  };
  const bytes = encode(whole);
  const isShort = query.via === 'udp' && (behaviour.isTruncated === true || bytes.length > roomBytes);
  if (!isShort) return bytes;
  const flags = (whole.flags ?? 0) | TRUNCATED_RESPONSE;
  return encode({ ...whole, flags, answers: [], authorities: [], additionals: optRecord(query, behaviour) });
}

/** A server says EDNS only to those who said it first (RFC 6891 section 7). */
function optRecord({ edns }: StubQuery, { cookie }: StubManner): Answer[] {
  if (edns === null) return [];
  const asked = edns.options.find(({ code }) => code === cookieCode);
  const options = asked === undefined || cookie === undefined ? [] : [cookieOption(asked.data, cookie)];
  const opt = { type: 'OPT', name: '.', udpPayloadSize: ownPayloadBytes, extendedRcode: 0, ednsVersion: 0, flags: 0 };
  // The library writes any option that has data, but its declarations know only some codes.
  return [{ ...opt, flag_do: false, options } as unknown as Answer];
}

/** Eight bytes of the client, then eight of ours (RFC 7873 section 4.2). */
function cookieOption(asked: Uint8Array, kind: 'honest' | 'forged'): { readonly code: number; readonly data: Buffer } {
  const client = Buffer.from(asked.subarray(0, 8));
  if (kind === 'forged') client[0] = (client[0] ?? 0) ^ 0xff;
  return { code: cookieCode, data: Buffer.concat([client, Buffer.from('stubbed!', 'latin1')]) };
}

function keepTrack(sockets: Set<Socket>, socket: Socket): void {
  socket.on('error', () => socket.destroy());
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
}

function readStream(state: StubState, sockets: Set<Socket>, socket: Socket, via: 'tcp' | 'tls'): void {
  keepTrack(sockets, socket);
  let held = Buffer.alloc(0);
  const send = (reply: Uint8Array): void => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(reply.length);
    if (socket.writable) socket.write(Buffer.concat([length, reply]));
  };
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    // Questions may come in one piece or in many, several to a connection (RFC 7766).
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0);
      receive(state, held.subarray(2, end), { via, send });
      held = held.subarray(end);
    }
  });
}
