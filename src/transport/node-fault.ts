/** What went wrong with a socket, in words of ours. `cause` is for the log. */
export interface SocketFault {
  readonly code:
    | 'refused'
    | 'unreachable'
    | 'timeout'
    | 'reset'
    | 'exhausted'
    | 'address_in_use'
    | 'forbidden'
    | 'other';
  readonly cause: string;
}

// errno(3) as libuv spells it. EMFILE and ENFILE are ours to mend, not the destination's fault.
const table: Readonly<Record<string, SocketFault['code']>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  // No address of that family on this machine.
  EADDRNOTAVAIL: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
  ENOBUFS: 'exhausted',
  ENOMEM: 'exhausted',
  EADDRINUSE: 'address_in_use',
  EACCES: 'forbidden',
  // A local firewall that rejects.
  EPERM: 'forbidden',
};

/** Turns the code of an error, such as `ECONNREFUSED`, into a fault. Anything unknown is `other`. */
export function codeFault(code: string): SocketFault {
  return { code: table[code] ?? 'other', cause: code };
}

/** Turns an error of a socket into a fault. Anything unknown is `other` with its code or message as the cause. */
export function socketFault(error: unknown): SocketFault {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  const cause = code ?? (error instanceof Error ? error.message : 'unknown');
  return { code: (code === null ? undefined : table[code]) ?? 'other', cause };
}
