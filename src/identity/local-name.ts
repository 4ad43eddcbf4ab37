import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** What a local identity goes by: the user or the group that a process runs as, or the cgroup that it runs in. */
const localKinds = ['user', 'group', 'cgroup'] as const;

/** One of those. */
export type LocalKind = (typeof localKinds)[number];

/**
 * What a policy calls processes of one host by: `user:builder`, `user:1001`, `group:ci`, `cgroup:/system.slice/payments.service`.
 * A name and the number that it stands for are two spellings: only the host knows that they are one, so the point looks names up.
 * A cgroup holds those below it too.
 */
export interface LocalName {
  readonly by: LocalKind;
  readonly value: string;
  /** The one spelling: kind and value, joined by a colon. */
  readonly text: string;
}

/** POSIX.1-2017, section 3.437, with the trailing `$` of machine accounts; a name that is a number would be two things. */
const accountPattern = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/;

/** As the kernel writes it: no leading zero, and not 4294967295, which is "no such user" to it. */
const numberPattern = /^(?:0|[1-9][0-9]{0,9})$/;
const maxNumber = 4_294_967_294;

/** A path of systemd's escaped unit names; what a quoted text of nft or the joiner of identities would end is left out. */
const segmentPattern = /^[A-Za-z0-9:_.@\\-]{1,255}$/;
const maxPathLength = 1024;
const maxDepth = 32;

/** Parses `user:builder`, `user:1001`, `group:ci` or `cgroup:/system.slice/payments.service`. Fault: `local_malformed`. */
export function parseLocalName(text: string): Result<LocalName, Fault<'local_malformed'>> {
  const colon = text.indexOf(':');
  const by = localKinds.find((kind) => kind === text.slice(0, Math.max(0, colon)));
  if (by === undefined) return malformed('`local:` takes `user:NAME`, `group:NAME` or `cgroup:/PATH`');
  const value = text.slice(colon + 1);
  const isGood = by === 'cgroup' ? isCgroupPath(value) : isAccount(value);
  return isGood ? ok({ by, value, text: `${by}:${value}` }) : malformed(takes[by]);
}

/** A cgroup and those above it, the widest first: `/a/b` gives `/a`, `/a/b`. Whoever runs in the last runs in each. */
export function cgroupsAbove(path: string): readonly string[] {
  const segments = path.split('/').slice(1);
  return segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`);
}

const account = 'takes a name such as `builder` or a number up to 4294967294 without leading zeros';
const takes: Readonly<Record<LocalKind, string>> = {
  user: `\`local:user\` ${account}`,
  group: `\`local:group\` ${account}`,
  cgroup: '`local:cgroup` takes a path below the root of cgroup v2 such as `/system.slice/payments.service`',
};

function isAccount(text: string): boolean {
  return accountPattern.test(text) || (numberPattern.test(text) && Number(text) <= maxNumber);
}

/** `/` alone would be every process of the host. */
function isCgroupPath(text: string): boolean {
  if (!text.startsWith('/') || text.length > maxPathLength) return false;
  const segments = text.slice(1).split('/');
  return segments.length <= maxDepth && segments.every(isSegment);
}

function isSegment(segment: string): boolean {
  return segmentPattern.test(segment) && segment !== '.' && segment !== '..';
}

function malformed(message: string): { readonly ok: false; readonly fault: Fault<'local_malformed'> } {
  return failed(fault('local_malformed', message));
}
