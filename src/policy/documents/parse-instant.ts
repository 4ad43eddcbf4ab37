import type { PlainNode } from './plain-node.ts';
import { shorten } from './read-map.ts';
import { readText } from './read-value.ts';
import type { SourceFile } from './source-file.ts';

const instantPattern = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2}))?Z)?$/;

/**
 * Reads an ISO 8601 date (its first instant in UTC) or an instant in UTC as epoch milliseconds:
 * `2026-12-20`, `2026-12-20T18:00Z`, `2026-12-20T18:00:00Z`. Null after reporting what is wrong.
 */
export function readInstant(node: PlainNode, what: string, file: SourceFile): number | null {
  const text = readText(node, what, file);
  if (text === null) return null;
  const instant = parseInstant(text.value);
  if (instant === null)
    file.report(
      'instant_malformed',
      text.offset,
      `${what} \`${shorten(text.value)}\` is not a date such as \`2026-12-20\``,
    );
  return instant;
}

function parseInstant(text: string): number | null {
  const match = instantPattern.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
