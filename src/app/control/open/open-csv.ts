import { type OpenAnswer, type OpeningAnswer, openingColumns } from '../../../api/contract/index.ts';

/** The ways out of an answer as CSV (RFC 4180), in the columns of the command line. INVARIANT: no text becomes a formula. */
export function openCsv({ openings }: OpenAnswer): string {
  const rows = openings.map((one) => openingColumns.map((column) => cell(one[column])));
  return [openingColumns, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

function cell(value: OpeningAnswer[keyof OpeningAnswer]): string {
  const plain = typeof value === 'string' ? value : (value ?? []).join(' ');
  const text = /^[=+\-@\t\r\n]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
