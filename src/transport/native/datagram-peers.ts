import { randomInt } from 'node:crypto';
import { ipAddressFromBytes } from '../../destination/index.ts';

const placeBits = 12;
/** `AF_INET`. */
const familyFour = 2;

interface KnownPeer {
  readonly words: readonly number[];
  readonly text: string;
}

/**
 * Reads the addresses of the kernel (`sockaddr`), and remembers the texts of those that asked lately. The place of one in the table hangs
 * on a secret, so that forged sources cannot be picked to meet in one; whoever falls into the place of another only costs a new text.
 */
export class DatagramPeers {
  readonly #known: (KnownPeer | undefined)[] = Array.from({ length: 1 << placeBits });
  readonly #secrets = [1, 2, 3, 4].map(() => randomInt(2 ** 31) * 2 + 1);
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;

  /** Over the first bytes of a memory. */
  constructor(memory: ArrayBuffer, byteLength: number) {
    this.#words = new Uint32Array(memory, 0, byteLength / 4);
    this.#bytes = new Uint8Array(memory, 0, byteLength);
  }

  /** The port of the address that stands at a byte. */
  portAt(at: number): number {
    return ((this.#bytes[at + 2] ?? 0) << 8) | (this.#bytes[at + 3] ?? 0);
  }

  /** The canonical text of the address that stands at a byte, a multiple of four; without a zone. */
  textAt(at: number): string {
    const word = at >> 2;
    const isFour = ((this.#words[word] ?? 0) & 0xffff) === familyFour;
    const first = isFour ? word + 1 : word + 2;
    const place = this.#placeOf(first, isFour ? 1 : 4);
    const known = this.#known[place];
    if (known !== undefined && this.#isAt(first, known.words, isFour ? 1 : 4)) return known.text;
    return this.#learn(place, first, isFour ? 1 : 4);
  }

  #placeOf(first: number, count: number): number {
    let mixed = 0;
    for (let at = 0; at < count; at += 1) {
      const word = Math.imul((this.#words[first + at] ?? 0) ^ mixed, this.#secrets[at] ?? 1);
      mixed = word ^ (word >>> 15);
    }
    return Math.imul(mixed, this.#secrets[3] ?? 1) >>> (32 - placeBits);
  }

  #isAt(first: number, words: readonly number[], count: number): boolean {
    if (words.length !== count) return false;
    for (let at = 0; at < count; at += 1) if (words[at] !== this.#words[first + at]) return false;
    return true;
  }

  #learn(place: number, first: number, count: number): string {
    const text = ipAddressFromBytes(this.#bytes.slice(first * 4, (first + count) * 4))?.text ?? '';
    this.#known[place] = { words: [...this.#words.subarray(first, first + count)], text };
    return text;
  }
}
