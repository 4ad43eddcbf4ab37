import type { Row } from './table.ts';

/** Rows as CSV by RFC 4180 with a head line. A text that a spreadsheet would run as a formula gets a leading apostrophe. */
export function formatCsv(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [columns.map(csvCell), ...rows.map((row) => columns.map((column) => csvCell(row[column])))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const plain = typeof value === 'string' ? value : isPlainList(value) ? value.join(' ') : JSON.stringify(value);
  const text = /^[=+\-@\t\r\n]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function isPlainList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.every((one) => typeof one !== 'object' || one === null);
}

/** An object with its mappings opened into keys of their own, `point.pid`, so that each value has its column. */
export function flattenForCsv(object: Row, prefix = ''): Row {
  const entries = Object.entries(object).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isMapping ? Object.entries(flattenForCsv(value as Row, `${prefix}${key}.`)) : [[`${prefix}${key}`, value]];
  });
  return Object.fromEntries(entries);
}
