import { existsSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { ExeatError, failed, fault, ok, type Result } from '../../base/index.ts';
import { type Config, namePortsOf } from '../../config/index.ts';
import { commandEnvironment, findReplaceableLink, type RunUser, sandboxWords } from '../../sandbox/index.ts';
import { askLocal } from '../local-socket.ts';
import type { RunAnswer, RunReport } from '../point/run-desk.ts';
import { runSocket, statePaths } from '../state-folder.ts';
import { type OwnProduct, startOwnProduct } from './own-product.ts';
import { findPrograms, type Programs } from './programs.ts';
import { openRunFolder, type RunFolder } from './run-folder.ts';
import { launch, type RunEnding } from './run-launcher.ts';

/** What to run, as whom, and by which policy. */
export interface RunOptions {
  readonly service: string;
  readonly command: readonly string[];
  /** A configuration, of a running product where there is one; or a policy folder, for a point of the run's own. */
  readonly from: { readonly config: Config } | { readonly policy: string };
  readonly isObserving: boolean;
  /** Unix sockets that stay reachable, absolute paths. */
  readonly sockets: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Told whose point it is, before the command starts. */
  onStart(start: RunStart): void;
}

/** How a run begins. `isOwn`: it has a point of its own, and its records end with it. */
export interface RunStart {
  readonly answer: RunAnswer;
  readonly isOwn: boolean;
  /** Passes a signal on to the command. */
  signal(number: number): void;
}

/** What a run came to. `report` is null where the point did not tell it any more. */
export interface RunOutcome {
  readonly start: RunStart;
  readonly ending: RunEnding;
  readonly report: RunReport | null;
}

/**
 * Runs one command in a network namespace of its own, whose only way out is the proxy and the DNS filter of the point. Faults, each with
 * the mend: a program or a namespace that this machine lacks, a policy that cannot be used, a caller that the service does not list.
 */
export async function startRun(options: RunOptions): Promise<Result<RunOutcome>> {
  const programs = findPrograms();
  if (!programs.ok) return programs;
  const sockets = checkSockets(options.sockets);
  if (!sockets.ok) return sockets;
  const folder = openRunFolder();
  let own: OwnProduct | null = null;
  try {
    const door = await findDoor(options, folder);
    if (!door.ok) return door;
    own = door.value.own;
    return await runAt(door.value, { options, folder, programs: programs.value, sockets: sockets.value });
  } finally {
    await own?.stop();
    folder.remove();
  }
}

interface RunParts {
  readonly options: RunOptions;
  readonly folder: RunFolder;
  readonly programs: Programs;
  readonly sockets: readonly string[];
}

interface Door {
  readonly path: string;
  /** The ports that the point reads by name. */
  readonly ports: readonly number[];
  readonly own: OwnProduct | null;
}

function checkSockets(paths: readonly string[]): Result<readonly string[]> {
  for (const path of paths) {
    if (!isAbsolute(path) || !existsSync(path) || !statSync(path).isSocket())
      return failed(fault('socket_unknown', `\`${path}\` is no unix socket, give its absolute path to \`--socket\``));
  }
  return ok(paths.map((path) => realpathSync(path)));
}

async function findDoor({ from, service, isObserving, env }: RunOptions, folder: RunFolder): Promise<Result<Door>> {
  if ('config' in from && (await isRunning(from.config))) {
    if (!isObserving) return ok(doorOf(from.config, null));
    return failed(
      fault(
        'observe_refused',
        '`--observe` is for a point that this run starts itself: with a running product the policy alone says who is observed, write `mode: observe` there',
      ),
    );
  }
  const own = await startOwnProduct({ folder, from, service, isObserving, env });
  if (!own.ok) return own;
  return ok(doorOf(own.value.config, own.value));
}

function doorOf(config: Config, own: OwnProduct | null): Door {
  const { tlsPorts, httpPorts } = namePortsOf(config);
  const ports = [...new Set([...tlsPorts, ...httpPorts])];
  return { path: runSocket(config, statePaths(config.state)), ports, own };
}

// A socket that was named is somebody's product, running or not: no point of our own stands in for it.
async function isRunning(config: Config): Promise<boolean> {
  if (config.run.isOnly) return false;
  if (config.run.socket !== null) return true;
  return (await askLocal(statePaths(config.state).pointSocket, 'version')).ok;
}

async function runAt(door: Door, parts: RunParts): Promise<Result<RunOutcome>> {
  const { options, programs } = parts;
  const request = JSON.stringify({ version: 1, service: options.service });
  const launcher = launch({ perl: programs.perl, doorPath: door.path, request, ports: door.ports, env: options.env });
  const admitted = await launcher.admitted;
  if (!admitted.ok) {
    launcher.kill();
    await launcher.ended;
    return admitted;
  }
  const answer = admitted.value as RunAnswer;
  const start: RunStart = { answer, isOwn: door.own !== null, signal: launcher.signal };
  options.onStart(start);
  const words = wordsFor(answer, door, parts);
  if (!words.ok) {
    launcher.kill();
    await launcher.ended;
    return words;
  }
  launcher.start(programs.bwrap, words.value, answer.network ?? null);
  const { ending, report } = await launcher.ended;
  return ok({ start, ending, report: report as RunReport | null });
}

function wordsFor(answer: RunAnswer, door: Door, parts: RunParts): Result<readonly string[]> {
  const { options, folder, programs, sockets } = parts;
  const user = ownUser();
  const runtimeFolder = `/run/user/${user.uid === 0 ? 'exeat' : user.uid}`;
  const cwd = process.cwd();
  const hidden = [...answer.hidden, ...(door.own?.hidden ?? [])];
  const readOnly = [...answer.readOnly, ...(door.own?.readOnly ?? [])];
  const holder = hidden.find((path) => isInside(cwd, path));
  if (holder !== undefined)
    return failed(
      fault('run_hidden', `the working folder is inside \`${holder}\`, which commands may not see, go to another`),
    );
  const home = options.env['HOME'] ?? homedir();
  const link = findReplaceableLink([...readOnly, ...hidden], { user, cwd, home });
  if (link !== null)
    return failed(
      fault(
        'run_unprotected',
        `\`${link}\` is a link on the way to what judges the command, which could replace it: name the folder itself`,
      ),
    );
  return ok(
    sandboxWords({
      perl: programs.perl,
      command: options.command,
      cwd,
      home,
      user,
      folder: folder.path,
      runtimeFolder,
      readOnly,
      hidden,
      sockets,
      env: commandEnvironment(options.env, { sockets, runtimeFolder }),
    }),
  );
}

function ownUser(): RunUser {
  const { getuid, getgid, getgroups } = process;
  if (getuid === undefined || getgid === undefined || getgroups === undefined)
    throw new ExeatError('run_unsupported', '`exeat run` needs Linux');
  return { uid: getuid(), gid: getgid(), groups: getgroups() };
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, resolve(path));
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}
