import { mkdirSync, openSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { type Config, loadConfig, namePortsOf, parseEndpoint, renderConfigFault } from '../../config/index.ts';
import { decide, runPolicyTests } from '../../policy/index.ts';
import { createSigningKey, writeSnapshot } from '../../snapshot/index.ts';
import { type ChildKeeper, keepChild } from '../child-keeper.ts';
import { compileFiles } from '../compile-folder.ts';
import { readPolicyFolder } from '../control/policy-folder.ts';
import { createLogger } from '../logger.ts';
import { openStateFolder, type StatePaths } from '../state-folder.ts';
import { observeService } from './observe-service.ts';
import type { RunFolder } from './run-folder.ts';

/** What a point of a run's own is started from. */
export interface OwnProductOptions {
  readonly folder: RunFolder;
  /** A configuration, whose policy and way of resolving count and whose listeners do not; or a policy folder alone. */
  readonly from: { readonly config: Config } | { readonly policy: string };
  readonly service: string;
  readonly isObserving: boolean;
  /** Beside a policy folder alone: `EXEAT_*`, such as `EXEAT_RESOLVER_SERVERS`. */
  readonly env: NodeJS.ProcessEnv;
}

/** A point that serves this run and nothing else. */
export interface OwnProduct {
  readonly config: Config;
  /** What it was made from, which the command must not write to; and the state and the secrets of the product that stands there. */
  readonly readOnly: readonly string[];
  readonly hidden: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts a point for one run: nothing listens but its door. The policy is read here, once, and no control is there to read it again: what
 * the command writes cannot change what judges it. Faults: those of the policy, its tests among them, and of the start.
 */
export async function startOwnProduct(options: OwnProductOptions): Promise<Result<OwnProduct>> {
  const { folder, from } = options;
  const base = 'config' in from ? ok(from.config) : defaultConfig(options, from.policy);
  if (!base.ok) return base;
  const source = base.value.policy;
  const compiled = compilePolicyOf(source, options);
  if (!compiled.ok) return compiled;
  const paths = openStateFolder(folder.state);
  if (!paths.ok) return paths;
  const written = await writePolicy(paths.value, compiled.value);
  if (!written.ok) return written;
  const config = ownConfig(base.value, folder);
  const point = startPoint(config, folder);
  const trouble = await point.started;
  if (trouble !== null) {
    await point.stop();
    return failed(fault('start_failed', trouble));
  }
  if (!('config' in from)) return ok({ config, readOnly: [source], hidden: [], stop: () => point.stop() });
  const { file, state, tls, console } = from.config;
  const secrets = [tls?.key, console.tls?.key].filter((one) => one !== undefined);
  const unmake = makeState(state);
  return ok({
    config,
    readOnly: [source, file],
    hidden: [state, ...secrets],
    stop: async () => {
      await point.stop();
      unmake();
    },
  });
}

// A state that is not there yet could be laid ready by the command, keys and grants in it, for the product that starts there next: so it
// is there, and hidden. Gives what takes it away again.
function makeState(path: string): () => void {
  try {
    if (mkdirSync(path, { recursive: true, mode: 0o700 }) === undefined) return () => undefined;
  } catch {
    // A place that we cannot make it in is none for the command either.
    return () => undefined;
  }
  return () => {
    try {
      rmdirSync(path);
    } catch {
      // Somebody used it meanwhile: it stays.
    }
  };
}

interface RunPolicy {
  readonly version: string;
  readonly bytes: Uint8Array;
}

// As control does with a policy before it puts it in force: what does not parse, or fails its own tests, is refused.
function compilePolicyOf(source: string, { service, isObserving }: OwnProductOptions): Result<RunPolicy> {
  const read = readPolicyFolder(source, new Map());
  if (!read.ok) return read;
  const now = Date.now();
  const files = [...read.value.values()].map(({ path, text }) => ({
    path,
    text: isObserving ? observeService(text, service, now) : text,
  }));
  if (files.length === 0) return failed(fault('policy_empty', `\`${source}\` holds no policy files (\`*.yaml\`)`));
  const compiled = compileFiles(files);
  if (!compiled.ok) return compiled;
  const { tree, policy, bytes } = compiled.value;
  const failure = runPolicyTests(tree, policy, { decide, now }).find(({ passed }) => !passed);
  if (failure === undefined) return ok({ version: policy.version, bytes });
  const { at, message } = failure;
  return failed(fault('policy_test_failed', `${at.file}:${at.line}:${at.column}: test failed: ${message}`));
}

async function writePolicy(paths: StatePaths, { version, bytes }: RunPolicy): Promise<Result<unknown>> {
  const key = await createSigningKey(paths.keys);
  if (!key.ok) return key;
  const now = Date.now();
  const header = { sequence: now, policyVersion: version, createdAtMs: now, revokedIdentities: [] };
  return writeSnapshot({ path: paths.snapshot, policy: bytes, header, signingKey: key.value.privateKey });
}

function startPoint(config: Config, folder: RunFolder): ChildKeeper {
  const logDescriptor = openSync(folder.log, 'a', 0o600);
  const logger = createLogger('run', logDescriptor);
  return keepChild({ name: 'point', config, logger, logDescriptor, onMessage: () => undefined });
}

function defaultConfig({ folder, env }: OwnProductOptions, policy: string): Result<Config> {
  const file = join(folder.path, 'exeat.yaml');
  writeFileSync(file, `policy: ${JSON.stringify(policy)}\n`, { mode: 0o600 });
  const loaded = loadConfig({ path: file, env });
  if (loaded.ok) return loaded;
  const [first] = loaded.fault;
  return failed(fault('config_invalid', first === undefined ? 'the defaults do not load' : renderConfigFault(first)));
}

function ownConfig(base: Config, folder: RunFolder): Config {
  const free = parseEndpoint('127.0.0.1:0');
  const none = { console: null, pac: null, dns: null, dot: null, doh: null };
  return {
    ...base,
    state: folder.state,
    listen: { ...none, proxy: free.ok ? free.value : base.listen.proxy },
    gateway: null,
    tls: null,
    run: { socket: null, isOnly: true, ports: namePortsOf(base) },
    demo: false,
  };
}
