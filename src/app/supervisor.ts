import { mkdirSync } from 'node:fs';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { createSigningKey } from '../snapshot/index.ts';
import { type ChildKeeper, keepChild } from './child-keeper.ts';
import type { DemoStart } from './demo/start-demo.ts';
import { helperPaths, keepHelper, type PointSockets, pointSockets } from './gateway-helper.ts';
import type { FromChild } from './ipc.ts';
import { createLogger } from './logger.ts';
import { openStateFolder, type StatePaths } from './state-folder.ts';
import { acquireStateLock } from './state-lock.ts';

/** What `exeat up` tells once everything listens. `demo` is null unless the configuration says `demo: true`. */
export interface UpReport {
  readonly proxy: string;
  readonly console: string | null;
  /** Where people open it: `http://localhost:8440`, or what the configuration names. Null where it does not listen. */
  readonly consoleUrl: string | null;
  readonly pac: string | null;
  /** Where the DNS filter answers over UDP and TCP, over TLS and over HTTPS. */
  readonly dns: string | null;
  readonly dot: string | null;
  readonly doh: string | null;
  readonly localOrigins: readonly string[];
  readonly allowCleartextProofs: boolean;
  readonly policyVersion: string | null;
  readonly policySays: string;
  readonly pids: { readonly supervisor: number; readonly point: number | null; readonly control: number | null };
  readonly demo: DemoStart | null;
  /** One-time links for the first people, where this start made any: whoever opens one becomes that person. */
  readonly founding: readonly { readonly role: string; readonly link: string }[];
}

/** A running product. */
export interface Up {
  readonly report: UpReport;
  reload(): void;
  /** Ends both processes and frees the state; within 2 s. */
  stop(): Promise<void>;
}

// A policy of a million rules takes seconds to compile; what is printed at start waits for it no longer than this.
const firstPolicyMs = 10_000;

/**
 * Starts the product: state, lock, keys, demo, then point and control. It is up, and denies all, without a good policy.
 * `ended` settles when it is to end: a start that is under way is given up then.
 * `logDescriptor`: where its processes log; our stderr unless told.
 * Faults, each with the file, address or folder and the mend: state unwritable, another `up`, port in use, unreadable material.
 */
export async function startUp(
  config: Config,
  ended: Promise<void>,
  logDescriptor: number | null = null,
): Promise<Result<Up>> {
  process.umask(0o077);
  becomePointGroup(config);
  const state = openStateFolder(config.state);
  if (!state.ok) return state;
  const lock = acquireStateLock(state.value.lock);
  if (!lock.ok) return lock;
  const prepared = await prepare(config, state.value);
  if (!prepared.ok) {
    lock.value.release();
    return prepared;
  }
  const launched = pointSockets(config.gateway);
  if (!launched.ok) {
    await prepared.value?.close();
    lock.value.release();
    return launched;
  }
  const family = createFamily(config, { sockets: launched.value, logDescriptor });
  const stop = async (): Promise<void> => {
    await Promise.all([family.stop(), prepared.value?.close()]);
    lock.value.release();
  };
  const trouble = await Promise.race([family.started(), ended.then(() => null)]);
  if (trouble !== null) {
    await stop();
    return failed(fault('start_failed', trouble));
  }
  return ok({ report: family.report(prepared.value), reload: family.reload, stop });
}

/** A group that no program has by chance. Within the numbers that containers usually map. */
const pointGroupId = 47_200;

// Run by root, every program of root would look like the point to the ruleset, those with a set user id too. Only root takes this group.
function becomePointGroup({ gateway }: Config): void {
  if (gateway !== null && gateway.local !== null && process.getuid?.() === 0) process.setgid?.(pointGroupId);
}

async function prepare(config: Config, paths: StatePaths): Promise<Result<DemoStart | null>> {
  try {
    const key = await createSigningKey(paths.keys);
    if (!key.ok) return key;
    if (!config.demo) return ok(null);
    // Loaded only here: nothing of the demo is in a product that does not ask for it.
    const { startDemo } = await import('./demo/start-demo.ts');
    mkdirSync(`${paths.root}/demo`, { recursive: true, mode: 0o700 });
    return await startDemo(config, `${paths.root}/demo`);
  } catch (error) {
    return failed(startFault(error, paths));
  }
}

function startFault(error: unknown, paths: StatePaths): Fault {
  const { code, path, message } = error as NodeJS.ErrnoException;
  return fault('start_failed', `\`${path ?? paths.root}\` cannot be used (${code ?? message}), mend it or remove it`);
}

/** The children and what they last said. */
interface Family {
  started(): Promise<string | null>;
  report(demo: DemoStart | null): UpReport;
  reload(): void;
  stop(): Promise<void>;
}

interface FamilyOptions {
  readonly sockets: PointSockets;
  readonly logDescriptor: number | null;
}

function createFamily(config: Config, { sockets, logDescriptor }: FamilyOptions): Family {
  const log = logDescriptor === null ? {} : { logDescriptor };
  const logger = createLogger('supervisor', log.logDescriptor);
  const addresses: Record<string, string> = {};
  let founding: readonly { readonly role: string; readonly secret: string }[] = [];
  const policy = Promise.withResolvers<void>();
  let policyVersion: string | null = null;
  let policySays = 'no policy yet, everything is denied';
  const onMessage = (message: FromChild): void => {
    if (message.kind === 'listening') {
      Object.assign(addresses, message.addresses);
      founding = message.founding ?? founding;
    }
    if (message.kind !== 'ready') return;
    policyVersion = message.policyVersion;
    policySays = message.says;
    // Until the point answers, control only says that it does not.
    if (message.isSettled) policy.resolve();
  };
  const children: readonly [ChildKeeper, ChildKeeper, ...ChildKeeper[]] = [
    keepChild({ name: 'point', config, logger, onMessage, ...log, ...sockets }),
    keepChild({ name: 'control', config, logger, onMessage, ...log }),
    ...(config.gateway !== null && config.gateway.helper === null ? [keepHelper(helperPaths(config), logger)] : []),
  ];
  return {
    started: async () => {
      // The first that cannot start decides; the other one may never say anything.
      const troubles = children.map((child) => child.started);
      const all = Promise.all(troubles).then((said) => said.find((trouble) => trouble !== null) ?? null);
      const first = await Promise.race([all, ...troubles.map((one) => one.then((said) => said ?? all))]);
      if (first === null) await Promise.race([policy.promise, pause(firstPolicyMs)]);
      return first;
    },
    report: (demo) => ({
      proxy: addresses['proxy'] ?? config.listen.proxy.text,
      console: addresses['console'] ?? null,
      consoleUrl: addresses['console'] === undefined ? null : consoleUrl(config, addresses),
      pac: addresses['pac'] ?? null,
      dns: addresses['dns'] ?? null,
      dot: addresses['dot'] ?? null,
      doh: addresses['doh'] ?? null,
      localOrigins: config.localOrigins.map((origin) => origin.text),
      allowCleartextProofs: config.allowCleartextProofs,
      policyVersion,
      policySays,
      pids: { supervisor: process.pid, point: children[0].pid(), control: children[1].pid() },
      demo,
      founding: founding.map(({ role, secret }) => ({
        role,
        link: `${consoleUrl(config, addresses)}/setup#${secret}`,
      })),
    }),
    reload: () => {
      for (const child of children) child.reload();
    },
    stop: async () => void (await Promise.all(children.map((child) => child.stop()))),
  };
}

// Where people reach it from: the address that was bound, unless the configuration names another; by its name where passkeys want one. A
// certificate is for what it names.
function consoleUrl(config: Config, { console: bound, consoleName }: Readonly<Record<string, string>>): string {
  const at = config.listen.console;
  const isSecure = config.console.tls !== null;
  const scheme = isSecure ? 'https' : 'http';
  if (at === null || bound === undefined || config.console.url !== `${scheme}://${at.text}`) return config.console.url;
  return `${scheme}://${isSecure ? bound : (consoleName ?? bound)}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
