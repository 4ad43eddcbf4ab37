import type { Clock, Fault, Result } from '../base/index.ts';
import type { KeysFetcher } from './fetch-keys.ts';
import type { TrustProblem } from './file-part.ts';
import { type KeySet, parseKeySet } from './key-set.ts';
import { answerFrom, hasKey, type KeyAnswer, type KeyHint, type KeySource } from './key-source.ts';
import type { TrustLog } from './trust-options.ts';

/** What {@link createRemoteKeys} needs. Times are milliseconds. */
export interface RemoteKeysOptions {
  readonly issuer: string;
  readonly fetcher: KeysFetcher;
  readonly clock: Clock;
  readonly log: TrustLog;
  readonly refreshMs: number;
  readonly cooldownMs: number;
  readonly maxStaleMs: number;
  /** Called when the keys in force became others. */
  readonly onChange: () => void;
}

/** Keys of an issuer behind a URL. */
export interface RemoteKeys extends KeySource {
  readonly problem: TrustProblem | null;
  /** When the keys were last fetched well, epoch milliseconds; null: never. */
  readonly fetchedAt: number | null;
  /** Fetches now, unless a fetch is under way. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Keeps the keys behind a URL: fetched again every `refreshMs`, and when a token names an unknown key, though never twice
 * within `cooldownMs`. When fetching fails the last good keys serve for `maxStaleMs`; then the issuer is `unavailable`.
 */
export function createRemoteKeys(options: RemoteKeysOptions): RemoteKeys {
  let keys: KeySet | null = null;
  let print = '';
  let fetchedAt: number | null = null;
  let triedAt = Number.NEGATIVE_INFINITY;
  let problem: TrustProblem | null = null;
  let running: Promise<void> | null = null;

  const inForce = (nowMs: number): KeySet | null =>
    fetchedAt !== null && nowMs - fetchedAt < options.maxStaleMs ? keys : null;
  const note = (fault: Fault): void => {
    if (problem?.message === fault.message) return;
    const part = `keys of ${options.issuer}`;
    problem = { part, code: fault.code, message: fault.message, since: options.clock.now() };
    options.log.error({ part, code: fault.code, keeping: inForce(options.clock.now()) !== null }, fault.message);
  };
  const take = (set: KeySet): void => {
    const next = set.keys.map((key) => `${key.keyId}:${key.algorithm}:${key.thumbprint}`).join(' ');
    problem = null;
    fetchedAt = options.clock.now();
    if (next === print) return;
    keys = set;
    print = next;
    options.log.info({ issuer: options.issuer, keys: set.keys.length, skipped: set.skipped }, 'issuer keys loaded');
    options.onChange();
  };
  const fetchOnce = async (): Promise<void> => {
    triedAt = options.clock.now();
    const set = await fetchSet(options.fetcher);
    if (set.ok) take(set.value);
    else note(set.fault);
  };
  const refresh = (): Promise<void> => {
    running ??= fetchOnce().finally(() => {
      running = null;
    });
    return running;
  };
  const asked = async (hint: KeyHint, nowMs: number): Promise<KeyAnswer> => {
    const isCool = nowMs - triedAt >= options.cooldownMs || nowMs < triedAt;
    if (running !== null || isCool) await refresh();
    const set = inForce(options.clock.now());
    if (set === null) return { kind: 'unavailable' };
    const answer = answerFrom(set, hint);
    // While fetching fails nobody can say whether the issuer has made this key since.
    return answer.kind === 'unknown' && problem !== null ? { kind: 'unavailable' } : answer;
  };
  const timer = setInterval(() => void refresh(), options.refreshMs);
  timer.unref();
  return {
    keysFor(hint, nowMs) {
      const set = inForce(nowMs);
      const answer = set === null ? null : answerFrom(set, hint);
      return answer?.kind === 'keys' ? answer : asked(hint, nowMs);
    },
    holds: (thumbprint, nowMs) => hasKey(inForce(nowMs), thumbprint),
    count: (nowMs) => inForce(nowMs)?.keys.length ?? 0,
    get problem() {
      return problem;
    },
    get fetchedAt() {
      return fetchedAt;
    },
    refresh,
    async close() {
      clearInterval(timer);
      await options.fetcher.close();
      await running;
    },
  };
}

async function fetchSet(fetcher: KeysFetcher): Promise<Result<KeySet>> {
  const text = await fetcher.fetch();
  return text.ok ? parseKeySet(text.value) : text;
}
