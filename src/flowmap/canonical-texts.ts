import { parseIpAddress, parseWireHost, unmapPeerAddress } from '../destination/index.ts';
import type { TextId } from './observation.ts';
import type { TextTable } from './text-table.ts';

/** What a text is as an address or a host, worked out once for each text however many records have it. */
export class CanonicalTexts {
  readonly #texts: TextTable;
  /** Canonical id + {@link shift}, by raw id; 0 not yet known. */
  #addresses = new Int32Array(1024);
  /** As above for names; for hosts that are addresses the answer itself, which is negative. */
  #hosts = new Int32Array(1024);

  constructor(texts: TextTable) {
    this.#texts = texts;
  }

  /** The canonical address of a text: 0 for none (and for the unspecified address), -1 for what is no address. */
  address(id: TextId): number {
    if (id === 0) return 0;
    if (id >= this.#addresses.length) this.#addresses = grown(this.#addresses, id);
    const known = this.#addresses[id] as number;
    if (known !== 0) return known - shift;
    const found = this.#readAddress(this.#texts.get(id));
    this.#addresses[id] = found + shift;
    return found;
  }

  /** The canonical host of a text: a positive id is a name, one below -1 is the address `-2 - id`; 0 none, -1 neither. */
  host(id: TextId): number {
    if (id === 0) return 0;
    if (id >= this.#hosts.length) this.#hosts = grown(this.#hosts, id);
    const known = this.#hosts[id] as number;
    if (known !== 0) return known > 0 ? known - shift : known;
    const found = this.#readHost(this.#texts.get(id));
    this.#hosts[id] = found >= -1 ? found + shift : found;
    return found;
  }

  /** Forgets everything, with the table. */
  clear(): void {
    this.#addresses = new Int32Array(1024);
    this.#hosts = new Int32Array(1024);
  }

  #readAddress(text: string): number {
    const zone = text.indexOf('%');
    const address = parseIpAddress(zone < 0 ? text : text.slice(0, zone));
    if (!address.ok) return -1;
    const canonical = unmapPeerAddress(address.value).text;
    return canonical === '0.0.0.0' || canonical === '::' ? 0 : this.#texts.text(canonical);
  }

  #readHost(text: string): number {
    const isAddress = /^[0-9.]+$/.test(text) || text.includes(':');
    if (isAddress) {
      const address = this.#readAddress(text.replace(/^\[|\]$/g, ''));
      return address > 0 ? -2 - address : -1;
    }
    const host = parseWireHost(text);
    if (!host.ok || host.value.kind !== 'name') return -1;
    return this.#texts.text(host.value.name);
  }
}

/** Added to what is kept, so that 0 can mean "not yet known" and -1 can be kept. */
const shift = 2;

function grown(ids: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(ids.length * 2, needed + 1));
  larger.set(ids);
  return larger;
}
