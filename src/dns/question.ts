import { randomBytes, randomInt } from 'node:crypto';
import { encode, RECURSION_DESIRED } from 'dns-packet';

/** The record types that are asked for. */
export type AddressType = 'A' | 'AAAA';

/** A query ready to send, and what its answer must repeat. `spelling` has random letter case. */
export interface Question {
  readonly id: number;
  readonly spelling: string;
  readonly type: AddressType;
  readonly packet: Buffer;
}

/** Fits one unfragmented datagram nearly everywhere (DNS flag day 2020); fragments are how answers get forged. */
const ednsPayloadBytes = 1232;

/**
 * Makes a query. Id and letter case are random (RFC 5452; draft-vixie-dnsext-dns0x20): with the random source port a forger has to
 * guess all three. Over TCP, which nobody forges blindly, the case is left alone. Neither client subnet nor cookies are sent.
 */
export function makeQuestion(name: string, type: AddressType, hasRandomCase = true): Question {
  const id = randomInt(65_536);
  const spelling = hasRandomCase ? randomCase(name) : name;
  const packet = encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type, name: spelling, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: ednsPayloadBytes,
        flags: 0,
        flag_do: false,
        extendedRcode: 0,
        ednsVersion: 0,
        options: [],
      },
    ],
  });
  return { id, spelling, type, packet };
}

function randomCase(name: string): string {
  const bits = randomBytes(Math.ceil(name.length / 8));
  return [...name].map((char, index) => (isBitSet(bits, index) ? char.toUpperCase() : char)).join('');
}

function isBitSet(bits: Buffer, index: number): boolean {
  return (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

/** Whether a name can be asked for at all: 1 to 63 letters, digits, hyphens or underscores a label, 253 in all, lower case. */
export function isAskable(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name);
}
