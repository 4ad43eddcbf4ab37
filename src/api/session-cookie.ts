/**
 * The cookie of a session. `__Host-` makes a browser take it from this host only and over a secure way only (RFC 6265bis section 4.1.3.2):
 * https, or loopback, which Chromium and Firefox hold for secure. `Strict`: no page of another site makes a browser send it.
 */
const cookieName = '__Host-exeat';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** The `Set-Cookie` of an open session. It has no age: a browser forgets it when it is closed. */
export function sessionCookie(text: string): string {
  return `${cookieName}=${text}; ${attributes}`;
}

/** The `Set-Cookie` that takes it away. */
export const endedCookie: string = `${cookieName}=; ${attributes}; Max-Age=0`;

const cookieText = new RegExp(`(?:^|; ?)${cookieName}=([A-Za-z0-9_-]{43})(?:;|$)`);

/** What the cookie of a request holds, null for none that could be one of ours. */
export function readSessionCookie(header: string | undefined): string | null {
  return cookieText.exec(header ?? '')?.[1] ?? null;
}
