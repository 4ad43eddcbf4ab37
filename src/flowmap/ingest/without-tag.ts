/**
 * Takes the tag of a syslog line away (`haproxy[812]: `, `(squid-1): `), which peeling leaves. Text that starts with a record of its own
 * stays: none of these formats begins with a word and a colon with a blank.
 */
export function withoutTag(text: string): string {
  return text.replace(/^(?:[\w./-]{1,64}(?:\[\d{1,10}\])?|\([\w./-]{1,64}\)): /, '');
}
