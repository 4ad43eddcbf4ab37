import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { kindOf, listBoundSockets, listHomeSockets } from './find-sockets.ts';
import { shimScript } from './launcher-script.ts';
import { mayChange, mayReach, mayRead, type RunUser } from './may-reach.ts';

/** What a command is put into. Paths are absolute. */
export interface Sandbox {
  /** Where perl is: the shim before the command is a few lines of it. */
  readonly perl: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly home: string;
  /** Whom the kernel knows the command as. Where that is root, all is read-only but the working folder, the home and temporary files. */
  readonly user: RunUser;
  /** A folder of this run, with `tmp`, `var-tmp` and `resolv.conf` in it; hidden like the rest. */
  readonly folder: string;
  readonly runtimeFolder: string;
  /** What must not be written to, and what must not be seen. */
  readonly readOnly: readonly string[];
  readonly hidden: readonly string[];
  /** Sockets by path that the command may reach. */
  readonly sockets: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

// Where daemons have their sockets: hidden whole, since a list of them is never complete.
const runtimeFolders = ['/run', '/var/run'];
// What programs need of those: NixOS and its kin keep the system itself there.
const neededOfRun = ['/run/current-system', '/run/booted-system', '/run/opengl-driver', '/run/wrappers'];
const temporaryFolders = ['/tmp', '/var/tmp'];
// Where agents, displays, multiplexers and editors of a session put sockets, also those that begin later.
const sessionFolder =
  /^(?:ssh-|tmux-|\.X|\.ICE-unix|\.font-unix|\.XIM-unix|dbus-|gpg-|vscode-|systemd-private-|snap|screen)/;
// Each costs a mount; the newest are what a caller just made.
const mostTemporary = 400;
/** Root without its capabilities shows as nobody inside: no program takes it for root. */
const nobody = 65_534;

/**
 * The words for bubblewrap, in the order in which it does them: namespaces, the whole file system, what covers parts of it, then the shim
 * and the command. `@filter` and `@status` stand for descriptors that the launcher knows.
 */
export function sandboxWords(sandbox: Sandbox): readonly string[] {
  const { user, cwd, env, perl, command } = sandbox;
  const bound = listBoundSockets();
  return [
    ...[
      '--unshare-user',
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-uts',
      '--unshare-cgroup-try',
      '--die-with-parent',
    ],
    ...['--uid', String(user.uid === 0 ? nobody : user.uid), '--gid', String(user.gid === 0 ? nobody : user.gid)],
    ...(user.uid === 0 ? ['--ro-bind', '/', '/'] : ['--bind', '/', '/']),
    ...['--dev', '/dev', '--proc', '/proc', '--ro-bind-try', '/sys', '/sys'],
    ...temporaryWords(sandbox, bound),
    ...runtimeWords(sandbox),
    ...writableWords(sandbox),
    ...readOnlyWords(sandbox),
    ...hiddenWords(sandbox, bound),
    ...sandbox.sockets.flatMap((path) => ['--bind', path, path]),
    ...resolverWords(sandbox),
    ...['--chdir', cwd, '--seccomp', '@filter', '--json-status-fd', '@status', '--clearenv'],
    ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--', perl, '-e', shimScript, '--', ...command],
  ];
}

/**
 * A symbolic link on the way to one of these paths that the command could put something else in the place of: a link cannot be mounted over.
 * Null where there is none.
 */
export function findReplaceableLink(
  paths: readonly string[],
  sandbox: Pick<Sandbox, 'user' | 'cwd' | 'home'>,
): string | null {
  const ways = new Set(paths.flatMap((path) => [path, ...foldersAbove(path)]));
  return [...ways].find((path) => kindOf(path) === 'link' && isChangeable(dirname(path), sandbox)) ?? null;
}

function isChangeable(folder: string, sandbox: Pick<Sandbox, 'user' | 'cwd' | 'home'>): boolean {
  const { user } = sandbox;
  if (user.uid !== 0) return mayReach(folder, user) && mayChange(folder, user);
  return [...writableOfRoot(sandbox), ...temporaryFolders].some((one) => isInside(folder, one));
}

// What the command puts there is its own; what is there before it stays visible, and what comes later from others does not.
function temporaryWords(sandbox: Sandbox, bound: readonly string[]): readonly string[] {
  const { folder, user } = sandbox;
  return temporaryFolders.filter(isFolder).flatMap((root) => {
    const own = join(folder, temporaryCopy(root));
    const needed = neededEntries(root, sandbox);
    const others = entriesOf(root).filter((path) => path !== folder && !needed.includes(path) && isShown(path, bound));
    const shown = [...needed, ...newestFirst(others)].slice(0, mostTemporary);
    return ['--bind', own, root, ...shown.flatMap((path) => entryWords(path, user))];
  });
}

// Those that the command could not do without: where it works, what it calls home, and what its words name.
function neededEntries(root: string, { cwd, home, command, readOnly }: Sandbox): readonly string[] {
  const inside = [cwd, home, ...command, ...readOnly].filter((path) => path !== root && path.startsWith(`${root}/`));
  const entries = inside.map((path) => join(root, relative(root, path).split(sep)[0] ?? ''));
  return [...new Set(entries)].filter((path) => path !== root);
}

function newestFirst(paths: readonly string[]): readonly string[] {
  const dated = paths.map((path) => ({ path, at: lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
  return dated.sort((one, other) => other.at - one.at).map(({ path }) => path);
}

// A folder in which somebody listens is left out whole: it may go while the mounts are made, and other sockets may come into it.
function isShown(path: string, bound: readonly string[]): boolean {
  if (sessionFolder.test(basename(path)) || bound.some((one) => one.startsWith(`${path}/`))) return false;
  const inside = kindOf(path) === 'folder' ? entriesOf(path) : [];
  return inside.length === 0 || !inside.every((one) => kindOf(one) === 'socket');
}

function entryWords(path: string, user: RunUser): readonly string[] {
  const kind = kindOf(path);
  if (kind === 'link') return ['--symlink', readlinkSync(path), path];
  return (kind === 'folder' || kind === 'file') && mayRead(path, user) ? ['--bind-try', path, path] : [];
}

function runtimeWords({ cwd, home, runtimeFolder }: Sandbox): readonly string[] {
  const roots = runtimeFolders.filter((path) => kindOf(path) === 'folder');
  const inside = [home, cwd].filter((path) => roots.some((root) => isInside(path, root)));
  const own = [
    '--perms',
    '1777',
    '--dir',
    '/run/lock',
    '--dir',
    '/run/user',
    '--perms',
    '0700',
    '--dir',
    runtimeFolder,
  ];
  return [
    ...roots.flatMap((root) => ['--perms', '0755', '--tmpfs', root]),
    ...neededOfRun.filter((path) => kindOf(path) !== null).flatMap((path) => ['--ro-bind', path, path]),
    ...(roots.includes('/run') ? own : []),
    ...inside.flatMap((path) => ['--bind', path, path]),
  ];
}

function writableWords(sandbox: Sandbox): readonly string[] {
  if (sandbox.user.uid !== 0) return [];
  return writableOfRoot(sandbox).flatMap((path) => ['--bind', path, path]);
}

function writableOfRoot({ home, cwd, user }: Pick<Sandbox, 'user' | 'cwd' | 'home'>): readonly string[] {
  return [home, cwd].filter((path) => path !== '/' && isFolder(path) && mayReach(path, user));
}

/**
 * A folder on the way to something that must stay could be renamed, and another put in its place. What is mounted cannot be: so each
 * folder above is mounted over itself, outermost first.
 */
function readOnlyWords(sandbox: Sandbox): readonly string[] {
  const { readOnly, hidden, user } = sandbox;
  const kept = readOnly.flatMap(realPath).filter((path) => mayReach(path, user));
  const all = [...kept, ...hidden.flatMap(realPath)];
  const above = [...new Set(all.flatMap(foldersAbove))].filter((path) => isMovable(path, sandbox));
  above.sort((one, other) => one.length - other.length);
  return [...above.flatMap((path) => ['--bind', path, path]), ...kept.flatMap((path) => ['--ro-bind', path, path])];
}

function isMovable(path: string, sandbox: Sandbox): boolean {
  const { user } = sandbox;
  if ([...temporaryFolders, ...runtimeFolders].includes(path) || !mayReach(path, user)) return false;
  if (user.uid !== 0) return mayChange(dirname(path), user);
  return writableOfRoot(sandbox).some((one) => one !== path && isInside(path, one));
}

function hiddenWords(sandbox: Sandbox, bound: readonly string[]): readonly string[] {
  const { hidden, folder, sockets, user, home } = sandbox;
  const folders = [folder, ...hidden].flatMap(realPath).filter((path) => mayReach(path, user));
  const found = new Set([...bound, ...listHomeSockets(home)].flatMap(realPath));
  const masked = [...found].filter(
    (path) =>
      kindOf(path) === 'socket' &&
      !sockets.includes(path) &&
      !isCovered(path, sandbox, bound) &&
      !folders.some((one) => isInside(path, one)) &&
      mayReach(path, user),
  );
  return [
    ...folders.flatMap((path) => (isFolder(path) ? ['--perms', '0700', '--tmpfs', path] : mask(path))),
    ...masked.flatMap(mask),
  ];
}

// Whoever connects to what is no socket is refused.
function mask(path: string): readonly string[] {
  return ['--ro-bind', '/dev/null', path];
}

/** Whether a path is where the command sees nothing of the host. */
function isCovered(path: string, sandbox: Sandbox, bound: readonly string[]): boolean {
  if ([sandbox.cwd, sandbox.home].some((one) => isInside(path, one))) return false;
  if (runtimeFolders.some((root) => isInside(path, root))) return true;
  const root = temporaryFolders.find((one) => isInside(path, one));
  if (root === undefined) return false;
  const [first = ''] = relative(root, path).split(sep);
  const entry = join(root, first);
  if (neededEntries(root, sandbox).includes(entry)) return false;
  return kindOf(entry) === 'socket' || !isShown(entry, bound);
}

// Where the file of the system is a link into `/run`, its end is what programs read. Without one they ask 127.0.0.1 anyway.
function resolverWords({ folder }: Sandbox): readonly string[] {
  return realPath('/etc/resolv.conf').flatMap((path) => ['--ro-bind', join(folder, 'resolv.conf'), path]);
}

function foldersAbove(path: string): readonly string[] {
  const above: string[] = [];
  for (let at = dirname(path); at !== '/'; at = dirname(at)) above.push(at);
  return above;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function realPath(path: string): readonly string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}

/** Whether a path is another, or lies below it. */
function isInside(path: string, folder: string): boolean {
  const way = relative(folder, resolve(path));
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

/** The folder of a run that stands for a temporary folder of the host: `tmp`, `var-tmp`. */
function temporaryCopy(root: string): string {
  return root.slice(1).replace('/', '-');
}
