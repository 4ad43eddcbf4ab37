import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { LocalEvidence } from '../../identity/index.ts';
import type { DoorPeer } from './run-door.ts';

const lookUpMs = 3_000;

/**
 * What a caller at the door may be called in a policy: `user:1001`, `user:builder`, `group:ci` …, with its supplementary groups. Names
 * come from the databases of the host (getent(1)), which may be a directory on the network; without an answer the numbers alone count.
 */
export async function evidenceOfPeer({ uid, gid, groups }: DoorPeer): Promise<LocalEvidence> {
  const groupIds = [...new Set([gid, ...groups])];
  const [users, groupNames] = await Promise.all([namesOf('passwd', [uid]), namesOf('group', groupIds)]);
  const names = [
    ...[`${uid}`, ...users].map((name) => `user:${name}`),
    ...[...groupIds.map(String), ...groupNames].map((name) => `group:${name}`),
  ];
  return { kind: 'local', names, expiresAt: Number.POSITIVE_INFINITY };
}

/** The name of a user of this host, or its number where it has none. */
export async function userName(uid: number): Promise<string> {
  return (await namesOf('passwd', [uid]))[0] ?? String(uid);
}

async function namesOf(database: 'passwd' | 'group', ids: readonly number[]): Promise<readonly string[]> {
  const wanted = new Set(ids.map(String));
  const told = (await getent(database, [...wanted])) ?? readDatabase(database);
  const named = told.split('\n').flatMap((line) => {
    const [name = '', , id = ''] = line.split(':');
    return wanted.has(id) && name !== '' ? [name] : [];
  });
  return [...new Set(named)];
}

// Exit code 2: some of them have no name, which is no failure.
function getent(database: string, ids: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('getent', [database, ...ids], { timeout: lookUpMs }, (error, stdout) =>
      resolve(error === null || error.code === 2 ? stdout : null),
    );
  });
}

function readDatabase(database: string): string {
  try {
    return readFileSync(`/etc/${database}`, 'utf8');
  } catch {
    return '';
  }
}
