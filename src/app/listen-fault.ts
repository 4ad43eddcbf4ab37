import type { Endpoint } from '../config/index.ts';

/** One line for a listener that cannot listen: the address, the key, the errno and the mend. */
export function listenFault(key: string, at: Endpoint, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  return `cannot listen on \`${at.text}\` (\`${key}\`, ${code}): ${mends[code] ?? 'name another address and port'}`;
}

/** What to do, by errno (listen(2), bind(2)). */
const mends: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there, stop it or name another port',
  EADDRNOTAVAIL: 'this machine has no such address, name one of its own',
  EACCES: 'ports below 1024 need a privilege, name a higher one',
};
