import type { Duplex } from 'node:stream';
import { parseClientHello } from '../../wire/index.ts';
import { findMark, type Mark, proofBytes, proofText } from '../mark.ts';
import { retryPrefix, writeServerHello } from '../packets/hello.ts';
import { writeHttp2Goodbye } from '../packets/http2.ts';
import { answerDns } from './answer-dns.ts';

/** Where a stream came in, who is told of marks, and who takes over where an honest TLS client speaks. */
export interface StreamPlace {
  readonly over: 'tcp' | 'tls';
  readonly port: number;
  readonly onMark: (mark: Mark) => void;
  /** Default: TLS is answered as anything else, which is not at all. */
  readonly onTls?: () => void;
}

/** What to do with what came: wait for more, hand the stream to TLS, or answer; `mark` is null where nothing is proved. */
type Step = 'wait' | 'tls' | { readonly bytes: Uint8Array; readonly mark: Mark | null };

const mostHeldBytes = 32_768;
const dnsPorts: ReadonlySet<number> = new Set([53, 853]);

/** Answers every mark that comes over a stream, in the protocol that it came in. */
export function answerStream(stream: Duplex, place: StreamPlace): void {
  let held = Buffer.alloc(0);
  stream.on('error', () => stream.destroy());
  const take = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    const step = chooseStep(held, place);
    if (step === 'wait') {
      if (held.length > mostHeldBytes) stream.destroy();
    } else if (step === 'tls') {
      stream.off('data', take);
      stream.pause();
      stream.unshift(held);
      place.onTls?.();
    } else {
      held = Buffer.alloc(0);
      if (step.mark !== null) place.onMark(step.mark);
      stream.write(step.bytes);
    }
  };
  stream.on('data', take);
}

function chooseStep(held: Buffer, place: StreamPlace): Step {
  if (place.over === 'tcp' && held[0] === 0x16) return stepOfHello(held);
  if (dnsPorts.has(place.port)) return stepOfDns(held);
  const text = held.toString('latin1');
  if (text.startsWith('PRI ')) return stepOfMark(findMark(held), (mark) => writeHttp2Goodbye(proofText(mark)));
  if (/^[A-Z]{3,7} /.test(text)) return stepOfHttp(held, text);
  return stepOfMark(text.endsWith('\n') ? findMark(held) : null, (mark) =>
    Buffer.from(`exeat-canary ${proofText(mark)}\n`),
  );
}

function stepOfMark(mark: Mark | null, write: (mark: Mark) => Uint8Array): Step {
  return mark === null ? 'wait' : { bytes: write(mark), mark };
}

// A made hello carries its mark in the clear; an honest one is for OpenSSL, whatever its records look like.
function stepOfHello(held: Buffer): Step {
  const mark = findMark(held);
  if (parseClientHello(held).kind === 'incomplete') return 'wait';
  if (mark === null) return 'tls';
  const isRetry = held.includes(`${retryPrefix}exeat-probe-`);
  return { bytes: writeServerHello(proofBytes(mark), isRetry), mark: isRetry ? null : mark };
}

function stepOfDns(held: Buffer): Step {
  const length = held.length < 2 ? 0 : held.readUInt16BE(0);
  if (held.length < 2 + length || length === 0) return 'wait';
  const reply = answerDns(held.subarray(2, 2 + length));
  if (reply === null) return 'wait';
  return { bytes: Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]), mark: findMark(held) };
}

function stepOfHttp(held: Buffer, text: string): Step {
  const mark = findMark(held);
  // A mark may also stand in the body of a question over HTTPS.
  if (!text.includes('\r\n\r\n') || (mark === null && text.startsWith('POST'))) return 'wait';
  if (mark !== null && /^upgrade: *h2c/im.test(text)) {
    const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    return { bytes: Buffer.concat([Buffer.from(head), writeHttp2Goodbye(proofText(mark))]), mark };
  }
  const body = `exeat-canary${mark === null ? '' : ` ${proofText(mark)}`}\n`;
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { bytes: Buffer.from(head + body), mark };
}
