/** An instant as a field of `datetime-local` shows it, in UTC; empty for none, or for what is none. */
export function toField(at: string | undefined): string {
  return at === undefined || Number.isNaN(Date.parse(at)) ? '' : new Date(at).toISOString().slice(0, 16);
}

/** What such a field says as RFC 3339, empty where it is empty. */
export function toInstant(field: string): string {
  return field === '' ? '' : `${field.slice(0, 16)}:00Z`;
}
