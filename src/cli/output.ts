import { stringify } from 'yaml';
import { flattenForCsv, formatCsv } from './csv.ts';
import { formatTable, type Row } from './table.ts';

/** What `-o` accepts. `table` is for people and may change; the others are for programs and are kept stable. */
export const outputFormats = ['table', 'json', 'yaml', 'csv'] as const;

/** One of {@link outputFormats}. */
export type OutputFormat = (typeof outputFormats)[number];

/** Rows in the format asked for; JSON and YAML give a list of objects. Ends with a line feed. */
export function formatRows(format: OutputFormat, columns: readonly string[], rows: readonly Row[]): string {
  if (format === 'table') return formatTable(columns, rows);
  if (format === 'csv') return formatCsv(columns, rows);
  return formatData(format, rows);
}

/** One object in the format asked for. `table` uses the text made for people; CSV is one line under its keys. */
export function formatObject(format: OutputFormat, object: Row, textForPeople: () => string): string {
  if (format === 'table') return textForPeople();
  if (format === 'csv') {
    const flat = flattenForCsv(object);
    return formatCsv(Object.keys(flat), [flat]);
  }
  return formatData(format, object);
}

function formatData(format: 'json' | 'yaml', data: unknown): string {
  return format === 'json' ? `${JSON.stringify(data, null, 2)}\n` : stringify(data, { aliasDuplicateObjects: false });
}
