import {
  type DnsMessage,
  type DnsRecord,
  dnsTypes,
  isBelow,
  readPlainName,
  sameName,
  writeName,
} from '../../wire/index.ts';
import { zonesOf } from './zones-of.ts';

/** Types whose data is one name, which servers compress to a pointer into the question more often than not. */
const nameTypes: ReadonlySet<number> = new Set([dnsTypes.ns, dnsTypes.cname, dnsTypes.ptr, dnsTypes.dname]);

/** A response to a question in random letter case, with the question and the names below its zones spelled as asked. */
export function restoreSpelling(message: DnsMessage, name: string): DnsMessage {
  const { question } = message;
  if (question === null || question.name === name) return message;
  const restore = (records: readonly DnsRecord[]): readonly DnsRecord[] =>
    records.map((record) => ({ ...record, name: respell(record.name, name), data: respellData(record, name) }));
  return {
    ...message,
    question: { ...question, name },
    answers: restore(message.answers),
    authorities: restore(message.authorities),
    additionals: restore(message.additionals),
  };
}

function respellData(record: DnsRecord, name: string): Uint8Array {
  if (!nameTypes.has(record.type)) return record.data;
  const read = readPlainName(record.data, 0);
  return (read === null ? null : writeName(respell(read.text, name))) ?? record.data;
}

/** A name whose end is an end of the question's takes the question's letters for it: that part is where the case was random. */
function respell(text: string, name: string): string {
  for (const zone of zonesOf(name)) {
    if (sameName(text, zone)) return zone;
    if (isBelow(text, zone)) return text.slice(0, text.length - zone.length) + zone;
  }
  return text;
}
