import type { TextId } from './observation.ts';

/** As many addresses as a site has that are talked to all the time; two words each stay in the cache of a core. */
const slotCount = 4096;

/**
 * Ids of the texts of IPv4 addresses by their 32 bits, for those that were asked for lately: one comparison in place of reading the text.
 * An address that falls on the place of another one takes it.
 */
export class QuadIds {
  /** Address and id in turns; an id of 0 is an empty place. */
  readonly #places = new Int32Array(slotCount * 2);
  readonly #seed: number;

  /** `seed`: as for {@link TextTable}. */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** The id of an address; 0 where it is not known. */
  find(quad: number): TextId {
    const place = this.#placeOf(quad);
    return this.#places[place] === quad ? (this.#places[place + 1] as number) : 0;
  }

  /** Keeps the id of an address, and gives it back. */
  keep(quad: number, id: TextId): TextId {
    const place = this.#placeOf(quad);
    this.#places[place] = quad;
    this.#places[place + 1] = id;
    return id;
  }

  /** Forgets every address. */
  clear(): void {
    this.#places.fill(0);
  }

  #placeOf(quad: number): number {
    return (Math.imul(quad ^ this.#seed, 0x9e3779b1) >>> 20) << 1;
  }
}
