import { ExeatError } from '../base/index.ts';
import type { CertificateTrust } from './check-certificate.ts';
import type { TlsServerOptions } from './tls-material.ts';
import { toServerOptions } from './tls-material.ts';
import type { Trust } from './trust.ts';
import { defaultPollIntervalMs, type TrustOptions } from './trust-options.ts';
import { createTrustParts, type TrustParts } from './trust-parts.ts';
import { describeTrust, timeProblems } from './trust-status.ts';
import { createProofChecker } from './verify-proof.ts';
import { watchFiles } from './watch-files.ts';

/**
 * Loads everything that proofs are judged by and keeps it fresh. Rejects with `ExeatError` when a configured file cannot be
 * used at start (the message names it and the mend); an absent credential file is no such case, `credential add` makes it.
 * Keys behind a URL are fetched in the background: until then their tokens are `unavailable`. Later on a broken file keeps
 * what is in force, says so in the log and in `status().problems`.
 */
export async function createTrust(options: TrustOptions): Promise<Trust> {
  const listeners = createListeners();
  let generation = 0;
  const onChanged = (): void => {
    generation += 1;
    checker.forget();
    listeners.changed();
  };
  const parts = createTrustParts(options, onChanged);
  const checker = createProofChecker(
    {
      credentials: () => parts.credentials?.value ?? null,
      issuers: parts.issuers,
      certificates: certificateTrust(parts, options),
    },
    options.log,
  );
  const tlsServerOptions = (): TlsServerOptions | null => {
    const server = parts.server?.value ?? null;
    return server === null ? null : toServerOptions(server, parts.bundle?.value?.pem ?? null);
  };
  let reloading: Promise<void> = Promise.resolve();
  const loadAll = async (): Promise<void> => {
    const changed = await loadParts(parts);
    if (changed.length === 0) return;
    onChanged();
    const tls = tlsServerOptions();
    if (tls !== null && (changed.includes(parts.server) || changed.includes(parts.bundle))) listeners.tlsChanged(tls);
  };
  const reload = (): Promise<void> => {
    // A listener that throws must not end the watching; the material itself is in force by then.
    reloading = reloading.then(loadAll).catch((error: unknown) => {
      options.log.error(
        { cause: error instanceof Error ? error.name : typeof error },
        'reloading trust material failed',
      );
    });
    return reloading;
  };
  // Watching starts before the first read, so that no change falls between the two.
  const watcher = await watchFiles({
    paths: parts.files.flatMap((part) => part.paths),
    onChange: reload,
    pollIntervalMs: options.pollIntervalMs ?? defaultPollIntervalMs,
    log: options.log,
  });
  const stopClockwatch = watchTheClock(parts, options);
  const close = async (): Promise<void> => {
    stopClockwatch();
    await watcher.close();
    await reloading;
    await Promise.all(parts.remoteKeys.map((keys) => keys.close()));
    listeners.clear();
  };
  await reload();
  const fatal = firstFatal(parts);
  if (fatal !== null) {
    await close();
    throw new ExeatError(fatal.code, fatal.message);
  }
  for (const keys of parts.remoteKeys) void keys.refresh();
  return {
    verify: checker.verify,
    stillHolds: checker.stillHolds,
    get generation() {
      return generation;
    },
    tlsServerOptions,
    onTlsChange: listeners.onTlsChange,
    onChange: listeners.onChange,
    status: (nowMs) => describeTrust(parts, { generation, checker, nowMs }),
    reload,
    close,
  };
}

function certificateTrust(parts: TrustParts, options: TrustOptions): CertificateTrust | null {
  const { bundle, revocations } = parts;
  if (bundle === null) return null;
  return {
    bundle: () => bundle.value,
    revocations: revocations === null ? null : () => revocations.value,
    acceptPastUpdate: options.tls?.revocationsPastUpdate === 'accept',
    trustDomain: options.tls?.trustDomain ?? null,
  };
}

/** What time alone breaks (a lapsed list, an expired certificate) has no load to be logged by: looked for every minute. */
function watchTheClock(parts: TrustParts, { clock, log }: TrustOptions): () => void {
  const said = new Set<string>();
  const timer = setInterval(() => {
    const problems = timeProblems(parts, clock.now());
    for (const { part, code, message } of problems) if (!said.has(code)) log.error({ part, code }, message);
    said.clear();
    for (const { code } of problems) said.add(code);
  }, clockwatchMs);
  timer.unref();
  return () => clearInterval(timer);
}

const clockwatchMs = 60_000;

async function loadParts(parts: TrustParts): Promise<readonly unknown[]> {
  const changed: unknown[] = [];
  for (const part of parts.files) {
    if (await part.load()) changed.push(part);
  }
  return changed;
}

function firstFatal(parts: TrustParts): { readonly code: string; readonly message: string } | null {
  for (const part of parts.files) {
    const { problem } = part;
    if (problem === null) continue;
    if (part === parts.credentials && problem.code === 'file_absent') continue;
    return problem;
  }
  return null;
}

interface Listeners {
  readonly onChange: Trust['onChange'];
  readonly onTlsChange: Trust['onTlsChange'];
  changed(): void;
  tlsChanged(options: TlsServerOptions): void;
  clear(): void;
}

function createListeners(): Listeners {
  const change = new Set<() => void>();
  const tls = new Set<(options: TlsServerOptions) => void>();
  return {
    onChange: (listener) => subscribe(change, listener),
    onTlsChange: (listener) => subscribe(tls, listener),
    changed: () => change.forEach((listener) => void listener()),
    tlsChanged: (options) => tls.forEach((listener) => void listener(options)),
    clear: () => {
      change.clear();
      tls.clear();
    },
  };
}

function subscribe<T>(all: Set<T>, one: T): () => void {
  all.add(one);
  return () => void all.delete(one);
}
