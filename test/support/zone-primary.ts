import { createHmac } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { type Answer, decode, encode } from 'dns-packet';
import { serveOnLoopback } from './loopback-server.ts';

/** How the primary signs. It has its own code for that, so that a mistake of ours is not made twice. */
export interface PrimaryKey {
  readonly name: string;
  readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512';
  readonly secret: Uint8Array;
}

/** What the primary does with a question. */
export interface PrimaryAnswer {
  /** Records of each message, in order. */
  readonly messages: readonly (readonly Answer[])[];
  readonly rcode?: number;
  readonly key?: PrimaryKey;
  /** Seconds to add to the clock of its signatures. */
  readonly skewSeconds?: number;
  /** What its signatures allow clocks to differ. */
  readonly fudgeSeconds?: number;
  /** Signs only every so many messages and the last. */
  readonly signEvery?: number;
  /** Leaves the last message without a signature too. */
  readonly leavesLastUnsigned?: boolean;
  /** The error of the TSIG (17 is BADKEY), with an empty MAC. */
  readonly tsigError?: number;
  /** Bytes after which the connection is cut. */
  readonly cutAfterBytes?: number;
  /** Changes one byte of the data of the message with this index after it was signed. */
  readonly tamperWith?: number;
  /** Says nothing at all. */
  readonly isSilent?: boolean;
}

/** A question for a zone: `serial` is that of the asker for IXFR. `isSigned` tells whether its TSIG is right for `verifyWith`. */
export interface PrimaryQuestion {
  readonly type: string;
  readonly name: string;
  readonly serial: number | null;
  readonly isSigned: boolean;
}

/** A primary on loopback for tests. Change `script` at any time. */
export interface ZonePrimary {
  readonly port: number;
  readonly asked: PrimaryQuestion[];
  script: (question: PrimaryQuestion) => PrimaryAnswer;
  close(): Promise<void>;
}

/** Starts a primary that checks questions with `verifyWith`. */
export async function startZonePrimary(
  script: (question: PrimaryQuestion) => PrimaryAnswer,
  verifyWith: PrimaryKey | null = null,
): Promise<ZonePrimary> {
  const primary = { script, asked: [] as PrimaryQuestion[] };
  const server = await serveOnLoopback(
    createServer((socket) => {
      let waiting = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        waiting = Buffer.concat([waiting, chunk]);
        if (waiting.length < 2 || waiting.length < 2 + waiting.readUInt16BE()) return;
        const query = waiting.subarray(2, 2 + waiting.readUInt16BE());
        waiting = Buffer.alloc(0);
        const read = readQuestion(query, verifyWith);
        primary.asked.push(read.question);
        send(
          socket,
          { id: query.readUInt16BE(), mac: read.mac, question: read.question },
          primary.script(read.question),
        );
      });
    }),
  );
  return Object.assign(primary, { port: server.port, close: server.close });
}

interface Asked {
  readonly id: number;
  readonly mac: Buffer;
  readonly question: PrimaryQuestion;
}

function readQuestion(
  query: Buffer,
  key: PrimaryKey | null,
): { readonly question: PrimaryQuestion; readonly mac: Buffer } {
  const { questions, authorities, additionals } = decode(query);
  const [soa] = authorities ?? [];
  const [asked] = questions ?? [];
  const serial = soa?.type === 'SOA' ? (soa.data.serial ?? null) : null;
  const hasTsig = (additionals ?? []).length > 0;
  const tsig = hasTsig && key !== null ? checkTsig(query, key) : null;
  const question = { type: String(asked?.type), name: asked?.name ?? '', serial, isSigned: tsig?.isRight ?? false };
  return { question, mac: tsig?.mac ?? Buffer.alloc(0) };
}

// The TSIG is the last thing of the message, and how long it is follows from the key.
function checkTsig(query: Buffer, key: PrimaryKey): { readonly isRight: boolean; readonly mac: Buffer } {
  const macBytes = { 'hmac-sha256': 32, 'hmac-sha384': 48, 'hmac-sha512': 64 }[key.algorithm];
  const dataBytes = wireName(key.algorithm).length + 16 + macBytes;
  const recordBytes = wireName(key.name).length + 10 + dataBytes;
  const data = query.subarray(query.length - dataBytes);
  const timeAt = wireName(key.algorithm).length;
  const mac = Buffer.from(data.subarray(timeAt + 10, timeAt + 10 + macBytes));
  const message = Buffer.from(query.subarray(0, query.length - recordBytes));
  message.writeUInt16BE(0, 10);
  const seconds = data.readUIntBE(timeAt, 6);
  const expected = hmac(key).update(message).update(variables(key, seconds)).digest();
  return { isRight: expected.equals(mac) && Math.abs(Date.now() / 1000 - seconds) < 3600, mac };
}

function send(socket: Socket, asked: Asked, answer: PrimaryAnswer): void {
  if (answer.isSilent === true) return;
  const signer = answer.key === undefined ? null : createSigner(answer.key, asked.mac, answer);
  const frames = answer.messages.map((answers, index) => {
    const isLast = index === answer.messages.length - 1;
    const type = asked.question.type as 'AXFR';
    const message = encode({
      type: 'response',
      id: asked.id,
      flags: 0x0400 | (answer.rcode ?? 0),
      questions: [{ type, name: asked.question.name }],
      answers: [...answers],
    });
    const isDue = index % (answer.signEvery ?? 1) === 0 || isLast;
    const isSigned = isDue && !(isLast && answer.leavesLastUnsigned === true);
    const whole = signer?.(message, isSigned) ?? message;
    // The last byte of the first TTL: it is there in every record, and no parser minds it.
    if (answer.tamperWith === index) flipAfterQuestion(whole, asked.question.name);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(whole.length);
    return Buffer.concat([length, whole]);
  });
  const bytes = Buffer.concat(frames);
  if (answer.cutAfterBytes === undefined) socket.write(bytes);
  else socket.end(bytes.subarray(0, answer.cutAfterBytes));
}

function flipAfterQuestion(message: Buffer, name: string): void {
  const owner = 12 + wireName(name).length + 4;
  let at = owner;
  while (message[at] !== 0 && (message[at] ?? 0) < 0xc0) at += 1 + (message[at] ?? 0);
  const ttlEnd = at + ((message[at] ?? 0) === 0 ? 1 : 2) + 7;
  message[ttlEnd] = (message[ttlEnd] ?? 0) ^ 1;
}

function createSigner(
  key: PrimaryKey,
  requestMac: Buffer,
  { skewSeconds = 0, tsigError = 0, fudgeSeconds = 300 }: PrimaryAnswer,
): (message: Buffer, isSigned: boolean) => Buffer {
  let running = hmac(key).update(number16(requestMac.length)).update(requestMac);
  let isFirst = true;
  return (message, isSigned) => {
    running.update(message);
    if (!isSigned) return message;
    const seconds = Math.floor(Date.now() / 1000) + skewSeconds;
    const mac =
      tsigError !== 0
        ? Buffer.alloc(0)
        : running.update(isFirst ? variables(key, seconds, fudgeSeconds) : times(seconds, fudgeSeconds)).digest();
    isFirst = false;
    running = hmac(key).update(number16(mac.length)).update(mac);
    const tail = Buffer.concat([message.subarray(0, 2), number16(tsigError), number16(0)]);
    const data = Buffer.concat([
      wireName(key.algorithm),
      times(seconds, fudgeSeconds),
      number16(mac.length),
      mac,
      tail,
    ]);
    const head = Buffer.concat([
      wireName(key.name),
      number16(250),
      number16(255),
      Buffer.alloc(4),
      number16(data.length),
    ]);
    const whole = Buffer.concat([message, head, data]);
    whole.writeUInt16BE(1, 10);
    return whole;
  };
}

function variables(key: PrimaryKey, seconds: number, fudgeSeconds = 300): Buffer {
  const head = Buffer.concat([wireName(key.name), number16(255), Buffer.alloc(4), wireName(key.algorithm)]);
  return Buffer.concat([head, times(seconds, fudgeSeconds), Buffer.alloc(4)]);
}

function times(seconds: number, fudgeSeconds = 300): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(seconds, 0, 6);
  bytes.writeUInt16BE(fudgeSeconds, 6);
  return bytes;
}

function hmac(key: PrimaryKey): ReturnType<typeof createHmac> {
  return createHmac(key.algorithm.replace('hmac-', ''), key.secret);
}

function number16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function wireName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label.toLowerCase())]));
  return Buffer.concat([...parts, Buffer.alloc(1)]);
}
