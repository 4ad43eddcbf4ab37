/** What {@link digitsAt} gives for a field that is not there: empty or `-`. */
export const absent = -1;
/** What {@link digitsAt} gives for a field that is no number, or one past what a number holds exactly. */
export const unreadable = -2;

/** Fifteen digits are always exact in a number. */
export const mostDigits = 15;

const minus = 0x2d;

/** Reads a span of bytes as a decimal number, without making a text: {@link absent} or {@link unreadable} where it is none. */
export function digitsAt(bytes: Uint8Array, start: number, end: number): number {
  if (isNothingAt(bytes, start, end)) return absent;
  if (end - start > mostDigits) return unreadable;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] as number) - 48;
    if (digit < 0 || digit > 9) return unreadable;
    value = value * 10 + digit;
  }
  return value;
}

/** Whether a span of bytes is empty or `-`, the word of flow logs for nothing. */
export function isNothingAt(bytes: Uint8Array, start: number, end: number): boolean {
  return end <= start || (end - start === 1 && bytes[start] === minus);
}
