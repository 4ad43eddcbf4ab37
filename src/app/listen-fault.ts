import type { Endpoint } from '../config/index.ts';

/** One line for a listener that cannot listen: the address, the key, what the system said, and the mend. */
export function listenFault(key: string, at: Endpoint, cause: string): string {
  const row = mends.find(({ pattern }) => pattern.test(cause));
  return `cannot listen on \`${at.text}\` (\`${key}\`, ${row?.says ?? cause}): ${row?.mend ?? 'name another address and port'}`;
}

/** What to do, by what the system said (bind(2), listen(2)). */
const mends: readonly { readonly pattern: RegExp; readonly says: string; readonly mend: string }[] = [
  {
    pattern: /EADDRINUSE|address_in_use/,
    says: 'EADDRINUSE',
    mend: 'another program listens there, stop it or name another port',
  },
  {
    pattern: /EADDRNOTAVAIL|unreachable/,
    says: 'EADDRNOTAVAIL',
    mend: 'this machine has no such address, name one of its own',
  },
  { pattern: /EACCES|forbidden/, says: 'EACCES', mend: 'ports below 1024 need a privilege, name a higher one' },
];
