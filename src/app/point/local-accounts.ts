import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What the users and groups of a host are numbered. */
export interface LocalAccounts {
  /** Numbers by name; a number stands for itself. What is not here the host does not know. */
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
}

/** Names that are looked for in one go. */
const atOnce = 256;
const timeoutMs = 5_000;

/**
 * Looks names up as the host does for everybody (nsswitch.conf(5)), by `getent`: in files, a directory, or units with users of their own. Names
 * are words of a policy and never an option: none begins with a hyphen.
 */
export async function lookUpAccounts(users: readonly string[], groups: readonly string[]): Promise<LocalAccounts> {
  return { users: await numbersOf('passwd', users), groups: await numbersOf('group', groups) };
}

async function numbersOf(database: 'passwd' | 'group', names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const isNumber = (name: string): boolean => /^\d+$/.test(name);
  const numbers = new Map(names.filter(isNumber).map((name) => [name, Number(name)]));
  const asked = names.filter((name) => !isNumber(name));
  for (let at = 0; at < asked.length; at += atOnce) {
    for (const [name, number] of await ask(database, asked.slice(at, at + atOnce))) numbers.set(name, number);
  }
  return numbers;
}

// Exit code 2: one of them is not known, and the others are told all the same.
async function ask(database: string, names: readonly string[]): Promise<readonly (readonly [string, number])[]> {
  const said = await run('getent', [database, '--', ...names], { timeout: timeoutMs, env: environment() }).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  return said.stdout.split('\n').flatMap((line) => {
    const [name = '', , number = ''] = line.split(':');
    return names.includes(name) && /^\d{1,10}$/.test(number) ? [[name, Number(number)] as const] : [];
  });
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/bin`, LC_ALL: 'C' };
}
