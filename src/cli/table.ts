import { escapeControls } from '../base/index.ts';

/** One row of output: column name -> value. Lists are joined, null and undefined are shown as `-`. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows as an aligned table for people, a head line first; ends with a line feed. */
export function formatTable(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [
    columns.map((column) => column.toUpperCase()),
    ...rows.map((row) => columns.map((column) => cellText(row[column]))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** A value as one line of text: `-` for nothing, lists joined by `, `, objects as JSON. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cellText).join(', ');
  if (typeof value === 'object') return escapeControls(JSON.stringify(value));
  return escapeControls(String(value));
}
