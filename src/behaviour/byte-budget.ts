/** Which way bytes go: `up` to the destination, `down` to the client. */
export type Direction = 'up' | 'down';

/** Bytes by direction. */
export type BytesByDirection = Readonly<Record<Direction, number>>;

/** What a budget is made of. */
export interface ByteBudgetParts {
  /** The most bytes that may pass in all; null for no bound. Asked each time: it may be narrowed. */
  caps(): Readonly<Record<Direction, number | null>>;
  /** What was written down as spent before: it counts, whether it passed or not. */
  readonly reserved: BytesByDirection;
  /** Writes down that so many bytes count as spent from now on; false where that could not be done. */
  reserve(direction: Direction, upToBytes: number): boolean;
}

/** Bytes that may still pass under one cap, over every connection together. */
export interface ByteBudget {
  /** Takes bytes that are about to pass; gives how many of them may. */
  take(direction: Direction, bytes: number): number;
  /** Whether nothing more may pass in some direction. */
  isSpent(): boolean;
  /** What is written down as spent. */
  reserved(): BytesByDirection;
}

// A kill costs at most so small a part of a cap, and writing down costs 64 lines over its whole life.
const stepsOfCap = 64;

/**
 * Makes a budget. INVARIANT: no byte is given out that was not written down as spent before, so that a kill loses a part of a budget and
 * never renews one; and never more than the cap in all.
 */
export function createByteBudget(parts: ByteBudgetParts): ByteBudget {
  const used: Record<Direction, number> = { ...parts.reserved };
  const reserved: Record<Direction, number> = { ...parts.reserved };
  const reach = (direction: Direction, cap: number, wanted: number): void => {
    if (wanted <= reserved[direction]) return;
    const step = Math.max(1, Math.ceil(cap / stepsOfCap));
    const upTo = Math.min(cap, Math.max(wanted, reserved[direction] + step));
    if (parts.reserve(direction, upTo)) reserved[direction] = upTo;
  };
  return {
    take: (direction, bytes) => {
      const cap = parts.caps()[direction];
      if (cap === null) return bytes;
      const wanted = Math.min(cap, used[direction] + bytes);
      reach(direction, cap, wanted);
      const given = Math.max(0, Math.min(wanted, reserved[direction]) - used[direction]);
      used[direction] += given;
      return given;
    },
    isSpent: () => isAtCap('up') || isAtCap('down'),
    reserved: () => ({ ...reserved }),
  };

  function isAtCap(direction: Direction): boolean {
    const cap = parts.caps()[direction];
    return cap !== null && used[direction] >= cap;
  }
}
