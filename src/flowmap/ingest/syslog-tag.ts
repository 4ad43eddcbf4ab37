/**
 * Takes the tag of a syslog line away (`haproxy[812]: `, `(squid-1): `), which peeling leaves, with the cookie of CEE behind it
 * (`suricata[812]: @cee: {…}`). Text that starts with a record of its own stays: no format begins with a word and a colon with a blank.
 */
export function withoutSyslogTag(text: string): string {
  return text.replace(/^\s*(?:[\w./-]{1,64}(?:\[\d{1,10}\])?|\([\w./-]{1,64}\)): (?:@cee: ?)?/, '');
}
