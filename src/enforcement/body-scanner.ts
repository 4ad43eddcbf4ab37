import { type BodyFraming, createChunkedScanner } from '../wire/index.ts';

/** What became of a piece of a body: how many of its bytes belong to the body, and whether that was the last. */
export type BodyPiece =
  | { readonly kind: 'body'; readonly usedBytes: number; readonly isDone: boolean }
  | { readonly kind: 'malformed' };

/** Follows one body through its framing; keeps nothing of it. */
export interface BodyScanner {
  /** Whether the body is over (or there is none). */
  isDone: boolean;
  push(bytes: Uint8Array): BodyPiece;
}

/** Creates a scanner for a framing. A body that runs until close never says that it is done. */
export function createBodyScanner(framing: BodyFraming): BodyScanner {
  switch (framing.kind) {
    case 'none':
      return lengthScanner(0);
    case 'length':
      return lengthScanner(framing.bytes);
    case 'until_close':
      return lengthScanner(Number.POSITIVE_INFINITY);
    case 'chunked':
      return chunkedScanner();
    default:
      return framing satisfies never;
  }
}

function lengthScanner(lengthBytes: number): BodyScanner {
  let leftBytes = lengthBytes;
  return {
    isDone: lengthBytes === 0,
    push(bytes): BodyPiece {
      const usedBytes = Math.min(leftBytes, bytes.length);
      leftBytes -= usedBytes;
      this.isDone = leftBytes === 0;
      return { kind: 'body', usedBytes, isDone: this.isDone };
    },
  };
}

function chunkedScanner(): BodyScanner {
  const scanner = createChunkedScanner();
  return {
    isDone: false,
    push(bytes): BodyPiece {
      if (this.isDone) return { kind: 'body', usedBytes: 0, isDone: true };
      const result = scanner.push(bytes);
      if (result.kind === 'fault') return { kind: 'malformed' };
      this.isDone = result.kind === 'end';
      return {
        kind: 'body',
        usedBytes: result.kind === 'end' ? result.consumedBytes : bytes.length,
        isDone: this.isDone,
      };
    },
  };
}
