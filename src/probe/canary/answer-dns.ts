import {
  type DnsMessage,
  type DnsRecord,
  dnsTypes,
  internetClass,
  readMessage,
  writeMessage,
  writeName,
} from '../../wire/index.ts';
import { findMark, proofText } from '../mark.ts';

/** Answers a question: one with a mark gets its proof, every other an empty answer, as a zone needs; null for what is no question. */
export function answerDns(bytes: Uint8Array): Uint8Array | null {
  const read = readMessage(bytes);
  if (!read.ok || read.value.isResponse || read.value.question === null) return null;
  return writeMessage(replyTo(read.value, answersTo(read.value)));
}

function replyTo(query: DnsMessage, answers: readonly DnsRecord[]): DnsMessage {
  return {
    ...query,
    isResponse: true,
    isAuthoritative: true,
    recursionAvailable: false,
    answers,
    authorities: [],
    additionals: [],
    edns: query.edns === null ? null : { payloadBytes: 1232, version: 0, isDnssecOk: false, options: [] },
  };
}

// The proof is the text of a TXT record, or the first label of an alias: both pass through resolvers as they are.
function answersTo({ question }: DnsMessage): readonly DnsRecord[] {
  const mark = findMark(Buffer.from(question?.name ?? '', 'latin1'));
  if (question === null || mark === null) return [];
  const { name } = question;
  const proof = proofText(mark);
  if (question.type === dnsTypes.txt) {
    return [record(name, dnsTypes.txt, Buffer.concat([Buffer.from([proof.length]), Buffer.from(proof)]))];
  }
  const zone = name.slice(name.indexOf('.') + 1);
  return [record(name, dnsTypes.cname, writeName(`${proof}.${zone}`) ?? Buffer.alloc(1))];
}

function record(name: string, type: number, data: Uint8Array): DnsRecord {
  return { name, type, class: internetClass, ttl: 0, data };
}
