import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type Clock, type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import {
  type DnsMessage,
  type DnsRecord,
  dnsTypes,
  internetClass,
  readMessage,
  writeMessage,
} from '../../wire/index.ts';
import { type TransferOutcome, TransferReader } from './transfer-reader.ts';
import { signMessage, type TsigKey, TsigVerifier } from './tsig.ts';

/** One question for a zone. */
export interface TransferRequest {
  readonly origin: string;
  readonly primary: { readonly address: string; readonly port: number };
  readonly key: TsigKey | null;
  /** The SOA of our version and its serial asks for differences (IXFR), null for the whole zone (AXFR). */
  readonly ours: { readonly soa: DnsRecord; readonly serial: number } | null;
  readonly clock: Clock;
  /** Longest silence of the primary, in milliseconds. */
  readonly idleMs: number;
  /** Longest transfer, in milliseconds. */
  readonly totalMs: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

const maxFrameBytes = 65_537;
const rcodeNames: readonly string[] = ['', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
/** Codes by which a primary says that it does not do IXFR; the whole zone may still be had. */
const ixfrRefusals: ReadonlySet<number> = new Set([1, 4, 5]);

/**
 * Asks a primary for a zone over TCP and reads its answer, which may be many messages. Never rejects. Faults: `transfer_failed` (the
 * connection), `transfer_refused` (a code), `ixfr_refused` and `delta_too_large` (ask for the whole zone), `transfer_malformed`, `transfer_too_large`,
 * `tsig_failed`.
 */
export function askTransfer(request: TransferRequest): Promise<Result<TransferOutcome>> {
  const conversation = createConversation(request);
  return new Promise((resolve) => {
    const socket = connect({ host: request.primary.address, port: request.primary.port, noDelay: true });
    const end = (result: Result<TransferOutcome>): void => {
      clearTimeout(deadline);
      request.signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(result);
    };
    const fail = (why: string): void => end(failed(fault('transfer_failed', why)));
    const stop = (): void => fail('it was stopped');
    const deadline = setTimeout(() => fail(`it took longer than ${request.totalMs} ms`), request.totalMs);
    socket.on('error', (error: NodeJS.ErrnoException) => fail(`the connection failed: ${error.code ?? 'unknown'}`));
    socket.on('close', () => fail('the primary closed before the zone was whole'));
    socket.setTimeout(request.idleMs, () => fail(`the primary was silent for ${request.idleMs} ms`));
    request.signal.addEventListener('abort', stop, { once: true });
    if (request.signal.aborted) return stop();
    readFrames(socket, (frame) => {
      const taken = conversation.take(frame);
      if (taken !== null) end(taken);
      return taken === null;
    });
    socket.on('connect', () => socket.write(framed(conversation.question)));
  });
}

interface Conversation {
  readonly question: Uint8Array;
  /** Takes a message; gives how it all ended, or null while more is to come. */
  take(bytes: Uint8Array): Result<TransferOutcome> | null;
}

function createConversation(request: TransferRequest): Conversation {
  const id = randomInt(65_536);
  const message = writeMessage(questionOf(request, id));
  const signed = request.key === null ? null : signMessage(message, request.key, request.clock.now());
  const verifier =
    request.key === null || signed === null ? null : new TsigVerifier(request.key, signed.mac, request.clock);
  const { origin, maxRecords, maxBytes } = request;
  const reader = new TransferReader({ origin, serial: request.ours?.serial ?? null, maxRecords, maxBytes });
  return {
    question: signed?.bytes ?? message,
    take: (bytes) => {
      const read = readAnswer(bytes, { id, verifier, isIxfr: request.ours !== null });
      const added = read.ok ? addAll(read.value, reader) : read;
      if (!added.ok) return added;
      if (reader.outcome === null) return null;
      const ended = verifier?.end() ?? ok(undefined);
      return ended.ok ? ok(reader.outcome) : ended;
    },
  };
}

interface AnswerContext {
  readonly id: number;
  readonly verifier: TsigVerifier | null;
  readonly isIxfr: boolean;
}

function readAnswer(bytes: Uint8Array, context: AnswerContext): Result<readonly DnsRecord[]> {
  const read = readMessage(bytes);
  if (!read.ok) return read;
  const why = wrongWith(read.value, context.id);
  if (why !== null) return failed(fault('transfer_malformed', why));
  const accepted = context.verifier?.accept(bytes) ?? ok(undefined);
  // A code comes without a signature when the primary could not check ours; it is no zone anyway.
  if (!accepted.ok && (read.value.rcode === 0 || hasTsig(read.value))) return accepted;
  return read.value.rcode === 0 ? ok(read.value.answers) : failed(refusalOf(read.value.rcode, context.isIxfr));
}

function addAll(records: readonly DnsRecord[], reader: TransferReader): Result<void> {
  for (const record of records) {
    const added = reader.add(record);
    if (!added.ok) return added;
  }
  return ok(undefined);
}

function hasTsig(message: DnsMessage): boolean {
  return message.additionals.some((record) => record.type === dnsTypes.tsig);
}

function wrongWith(message: DnsMessage, id: number): string | null {
  if (message.id !== id || !message.isResponse || message.opcode !== 0)
    return 'a message is not an answer to the question';
  return message.isTruncated ? 'a message is truncated' : null;
}

function refusalOf(rcode: number, isIxfr: boolean): Fault {
  const isOnlyIxfr = isIxfr && ixfrRefusals.has(rcode);
  const name = rcode === 9 ? 'NOTAUTH' : (rcodeNames[rcode] ?? `code ${rcode}`);
  return fault(isOnlyIxfr ? 'ixfr_refused' : 'transfer_refused', `the primary answered ${name}`);
}

function questionOf(request: TransferRequest, id: number): DnsMessage {
  const type = request.ours === null ? dnsTypes.axfr : dnsTypes.ixfr;
  return {
    id,
    isResponse: false,
    opcode: 0,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: 0,
    question: { name: request.origin, type, class: internetClass },
    answers: [],
    authorities: request.ours === null ? [] : [request.ours.soa],
    additionals: [],
    edns: null,
  };
}

// Hands on each message of the stream until the taker has enough.
function readFrames(socket: Socket, take: (frame: Uint8Array) => boolean): void {
  let waiting: Buffer = Buffer.alloc(0);
  let isOver = false;
  socket.on('data', (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    let at = 0;
    while (!isOver && at + 2 <= waiting.length) {
      const end = at + 2 + waiting.readUInt16BE(at);
      if (end > waiting.length) break;
      isOver = !take(waiting.subarray(at + 2, end));
      at = end;
    }
    waiting = isOver ? Buffer.alloc(0) : waiting.subarray(at);
  });
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(Math.min(maxFrameBytes, message.length + 2));
  frame.writeUInt16BE(message.length);
  frame.set(message, 2);
  return frame;
}
