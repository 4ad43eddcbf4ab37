import type { DecisionRecord } from '../policy/index.ts';

/** Longest record that is kept. Heads are at most 16 KiB, so a real record is far below; a larger one is a mistake and counts as lost. */
export const maxRecordChars = 65_536;

// JSON escapes C0 controls and quotes. DEL, the C1 controls (U+009B begins a terminal sequence) and the two Unicode line ends pass
// through it unescaped, and a record may hold bytes that an attacker chose, so they are escaped here.
const unsafe = /[\u007f-\u009f\u2028\u2029]/;
const del = '\u007f';
const unsafeAll = /[\u007f-\u009f\u2028\u2029]/g;

/**
 * A record as one line of JSON with its line end, or null when it cannot be one (too long, or not serialisable).
 * INVARIANT: a record is exactly one line, whatever it holds.
 */
export function recordLine(record: DecisionRecord): string | null {
  let text: string | undefined;
  try {
    text = JSON.stringify(record);
  } catch {
    // Cyclic or BigInt values: a caller's mistake, which must not take the listener down with it. The caller counts the loss.
    return null;
  }
  if (text === undefined || text.length > maxRecordChars) return null;
  // Nearly every record is ASCII, which is told faster than an expression looks for others.
  if (Buffer.byteLength(text) === text.length && !text.includes(del)) return `${text}\n`;
  return unsafe.test(text) ? `${text.replace(unsafeAll, escapeChar)}\n` : `${text}\n`;
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
