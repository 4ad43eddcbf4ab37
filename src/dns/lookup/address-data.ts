import { type IpAddress, ipAddressFromBytes } from '../../destination/index.ts';
import { type DnsRecord, dnsTypes, internetClass } from '../../wire/index.ts';

/** The RDATA of an address. */
export function addressData({ words, family }: IpAddress): Uint8Array {
  const data = new Uint8Array(family === 4 ? 4 : 16);
  const view = new DataView(data.buffer);
  for (const [at, word] of words.entries()) view.setUint32(at * 4, word);
  return data;
}

/** The address in a record of type A or AAAA; null where it holds none. */
export function addressOfRecord({ type, class: recordClass, data }: DnsRecord): IpAddress | null {
  if (recordClass !== internetClass) return null;
  const isAddress = (type === dnsTypes.a && data.length === 4) || (type === dnsTypes.aaaa && data.length === 16);
  return isAddress ? ipAddressFromBytes(data) : null;
}
