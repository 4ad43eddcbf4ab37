import { cgroupsAbove } from './local-name.ts';

/**
 * What the kernel says of a process of this host: by the credentials of a socket (SO_PEERCRED) or by the owner of a packet. Nothing was
 * presented and nothing can be stolen from a file; whoever becomes that user becomes that identity, so it counts as a shared secret.
 * `names` are all spellings that a policy may use of it: `user:1001`, `user:builder`, `group:1002`, `group:ci`, `cgroup:/a`, `cgroup:/a/b`.
 */
export interface LocalEvidence {
  readonly kind: 'local';
  readonly names: readonly string[];
  /** Infinity: it holds as long as the process is what it is. */
  readonly expiresAt: number;
}

/** A process as the kernel sees it. `names` are what the host calls its numbers; none where it has no name for them. */
export interface LocalProcess {
  readonly uid: number | null;
  readonly userNames: readonly string[];
  readonly gid: number | null;
  readonly groupNames: readonly string[];
  /** Path below the root of cgroup v2, `/system.slice/payments.service`; null where it is not known. */
  readonly cgroup: string | null;
}

/** The evidence of a process. */
export function localEvidence({ uid, userNames, gid, groupNames, cgroup }: LocalProcess): LocalEvidence {
  const names = [
    ...(uid === null ? [] : [`user:${uid}`, ...userNames.map((name) => `user:${name}`)]),
    ...(gid === null ? [] : [`group:${gid}`, ...groupNames.map((name) => `group:${name}`)]),
    ...(cgroup === null || cgroup === '/' ? [] : cgroupsAbove(cgroup).map((path) => `cgroup:${path}`)),
  ];
  return { kind: 'local', names, expiresAt: Number.POSITIVE_INFINITY };
}
