/**
 * Takes the tag of a peeled syslog line off a record that has a shape of its own, JSON or XML: `suricata[812]: {…}`, `nxlog: <Event …`,
 * also with the cookie of CEE (`@cee: {…}`). Text without such a record behind its tag stays as it is.
 */
export function afterSyslogTag(text: string): string {
  return text.replace(/^\s*[\w./-]{1,64}(?:\[\d{1,10}\])?: (?:@cee: ?)?(?=[{<])/, '');
}
