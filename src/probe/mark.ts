import { createHash, randomBytes } from 'node:crypto';

/**
 * What an attempt says to the canary: `exeat-probe-3f9c0a51d2e4b768-tcp-443`. One label of DNS, lower-case, so that it passes through
 * every protocol; the canary logs it and answers with {@link proofText} of it.
 */
export interface Mark {
  readonly token: string;
  readonly way: string;
}

/** A token of 16 hexadecimal characters: a new one for each run, so that no old answer counts. */
export function createToken(): string {
  return randomBytes(8).toString('hex');
}

/** The mark as text. */
export function markText({ token, way }: Mark): string {
  return `exeat-probe-${token}-${way}`;
}

/** The last mark in bytes, or null. Resolvers change the case of names, so case does not count. */
export function findMark(bytes: Uint8Array): Mark | null {
  const all = [...latin1(bytes).matchAll(/exeat-probe-([0-9a-f]{16})-([a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)/gi)];
  const [, token, way] = all.at(-1) ?? [];
  return token === undefined || way === undefined ? null : { token: token.toLowerCase(), way: way.toLowerCase() };
}

/**
 * What only a canary answers: 40 hexadecimal characters worked out from the mark. An echo, a sinkhole and a captive portal give back what
 * they were sent at most, and that is not this.
 */
export function proofText(mark: Mark): string {
  return Buffer.from(proofBytes(mark)).toString('hex').slice(0, 40);
}

/** The 32 bytes behind {@link proofText}, for protocols that answer in bytes. */
export function proofBytes(mark: Mark): Uint8Array {
  return createHash('sha256')
    .update(`exeat-canary ${markText(mark)}`)
    .digest();
}

/** Whether an answer proves that it comes from a canary that got this mark. */
export function hasProof(answer: Uint8Array, mark: Mark): boolean {
  return (
    latin1(answer).toLowerCase().includes(proofText(mark)) ||
    Buffer.from(answer).includes(Buffer.from(proofBytes(mark)))
  );
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
