import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, TRUNCATED_RESPONSE } from 'dns-packet';

/** A question as it arrived. `name` is lower case, `spelling` as it was sent; `count` is how often this name and type was asked. */
export interface AskedQuestion {
  readonly name: string;
  readonly spelling: string;
  readonly type: string;
  readonly via: 'udp' | 'tcp';
  readonly count: number;
}

/** What the server does with a question. Everything is optional: `{}` is an empty NOERROR. */
export interface ScriptedAnswer {
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly rcode?: 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED';
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
}

/** A DNS server on loopback. `server` is `127.0.0.1:port`. Change `script` at any time; `asked` is all that arrived. */
export interface TestDnsServer {
  readonly server: string;
  readonly port: number;
  readonly asked: readonly AskedQuestion[];
  script: (question: AskedQuestion) => ScriptedAnswer;
  close(): Promise<void>;
}

const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

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

/** Starts a server for UDP and TCP on one port. Without a script it answers from `records` by name and type, else NXDOMAIN. */
export async function startDnsServer(records: readonly Answer[] = []): Promise<TestDnsServer> {
  const { tcp, udp, port } = await listenOnBoth();
  const asked: AskedQuestion[] = [];
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const handle: TestDnsServer = {
    server: `127.0.0.1:${port}`,
    port,
    asked,
    script: (question) => answerFrom(records, question),
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      udp.close();
      tcp.close();
      await once(tcp, 'close');
    },
  };
  const onQuery = (bytes: Buffer, via: 'udp' | 'tcp', reply: (bytes: Uint8Array) => void): void => {
    const query = decode(bytes);
    const [first] = query.questions ?? [];
    if (first === undefined) return;
    const name = first.name.toLowerCase();
    const count = asked.filter((one) => one.name === name && one.type === first.type).length + 1;
    const question = { name, spelling: first.name, type: String(first.type), via, count };
    asked.push(question);
    const scripted = handle.script(question);
    const timer = setTimeout(() => {
      timers.delete(timer);
      for (const packet of responses(query.id ?? 0, question, scripted)) reply(packet);
    }, scripted.delayMs ?? 0);
    timers.add(timer);
  };
  udp.on('message', (bytes, peer) => onQuery(bytes, 'udp', (packet) => udp.send(packet, peer.port, peer.address)));
  tcp.on('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    let held = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes]);
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      onQuery(held.subarray(2, 2 + held.readUInt16BE(0)), 'tcp', (packet) => {
        const framed = Buffer.alloc(packet.length + 2);
        framed.writeUInt16BE(packet.length);
        framed.set(packet, 2);
        socket.write(framed);
      });
    });
  });
  return handle;
}

function answerFrom(records: readonly Answer[], question: AskedQuestion): ScriptedAnswer {
  const own = records.filter((record) => record.name.toLowerCase() === question.name);
  if (own.length === 0) return { rcode: 'NXDOMAIN' };
  return { answers: own.filter((record) => record.type === question.type || record.type === 'CNAME') };
}

function responses(id: number, question: AskedQuestion, scripted: ScriptedAnswer): readonly Uint8Array[] {
  const forged = (scripted.before ?? []).map((forgery) => forge(id, question, forgery));
  if (scripted.silent === true) return forged;
  const real = encode({
    type: 'response',
    id,
    flags:
      AUTHORITATIVE_ANSWER |
      (scripted.truncated === true ? TRUNCATED_RESPONSE : 0) |
      rcodes[scripted.rcode ?? 'NOERROR'],
    questions: [
      {
        type: question.type as 'A',
        name: scripted.lowerCase === true ? question.name : question.spelling,
        class: 'IN',
      },
    ],
    answers: scripted.truncated === true ? [] : [...(scripted.answers ?? [])],
    authorities: [...(scripted.authorities ?? [])],
  });
  return [...forged, real];
}

function forge(id: number, question: AskedQuestion, forgery: Forgery): Uint8Array {
  if (forgery.raw !== undefined) return forgery.raw;
  const asked = {
    type: forgery.type ?? (question.type as 'A'),
    name: forgery.name ?? question.spelling,
    class: 'IN' as const,
  };
  return encode({
    type: forgery.isQuery === true ? 'query' : 'response',
    id: forgery.id === undefined ? id : (id + forgery.id) % 65_536,
    questions: Array.from({ length: forgery.questions ?? 1 }, () => asked),
    answers: [...(forgery.answers ?? [])],
  });
}

async function listenOnBoth(): Promise<{ tcp: Server; udp: UdpSocket; port: number }> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const tcp = createServer();
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    try {
      udp.bind(port, '127.0.0.1');
      await once(udp, 'listening');
      return { tcp, udp, port };
    } catch {
      // Somebody has that UDP port; another pair is tried.
      tcp.close();
      udp.close();
    }
  }
  throw new Error('no port is free for both UDP and TCP');
}
