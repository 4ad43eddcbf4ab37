/**
 * Splits one line of CSV (RFC 4180) into its fields, bearing with what forwarders do to it: quotes doubled or escaped by a backslash,
 * and a quote in the middle of a field that was not quoted. A quote that never ends takes the rest of the line.
 */
export function splitCsv(line: string, separator: string = ','): readonly string[] {
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] === '"') {
      const { text, end } = quoted(line, at + 1);
      fields.push(text);
      at = end;
      // What stands between the closing quote and the separator is dropped.
      const next = line.indexOf(separator, at);
      if (next < 0) return fields;
      at = next + 1;
      continue;
    }
    const next = line.indexOf(separator, at);
    if (next < 0) return [...fields, line.slice(at)];
    fields.push(line.slice(at, next));
    at = next + 1;
  }
  return fields;
}

function quoted(line: string, from: number): { readonly text: string; readonly end: number } {
  let text = '';
  for (let i = from; i < line.length; i++) {
    const character = line[i] ?? '';
    if (character === '\\' && line[i + 1] === '"') {
      text += '"';
      i += 1;
    } else if (character !== '"') text += character;
    else if (line[i + 1] === '"') {
      text += '"';
      i += 1;
    } else return { text, end: i + 1 };
  }
  return { text, end: line.length };
}
