import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { PolicyAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import type { BrowserCheck, Checked } from './browser-check.ts';
import type { FileChange } from './patch.ts';

/** Reads the policy in force, where it is wanted: its files, with their texts where they are small enough together. */
export function usePolicy(isWanted: boolean = true): UseQueryResult<PolicyAnswer> {
  return useQuery({
    queryKey: ['policy'],
    enabled: isWanted,
    queryFn: async ({ signal }) => (await call('showPolicy', { signal })).body,
    refetchInterval: 30_000,
  });
}

/** The text of a file in force: at hand, asked for by itself in a large policy, null where there is none. */
export function useFileText(policy: PolicyAnswer, path: string | null): UseQueryResult<string | null> {
  const listed = policy.files.find((file) => file.path === path);
  const isApart = listed !== undefined && listed.text === null;
  return useQuery({
    queryKey: ['policy-file', policy.policyVersion, path],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) =>
      isApart
        ? (await call('showPolicyFile', { query: { path: path ?? '' }, signal })).body.text
        : (listed?.text ?? null),
  });
}

/** The files as they would be; null where they are too many to check in the browser. */
export function proposedFiles(
  policy: PolicyAnswer,
  changes: ReadonlyMap<string, FileChange>,
): ReadonlyMap<string, string> | null {
  if (policy.filesLeftOut > 0) return null;
  const files = new Map<string, string>();
  for (const { path, text } of policy.files) {
    const changed = changes.get(path);
    const now = changed === undefined ? text : changed.after;
    if (text === null) return null;
    if (now !== null) files.set(path, now);
  }
  for (const { path, after } of changes.values()) if (after !== null) files.set(path, after);
  return files;
}

// Between two keys of whoever types quickly; a check that was begun is given up when they go on. One file is parsed in one go, so after a check
// that took long the next one waits for a longer rest.
const leastRestMs = 250;
const mostRestMs = 2_000;

// The engine comes as a chunk of its own: the text is there to be read before it.
async function loadBrowserCheck(): Promise<BrowserCheck> {
  const { createBrowserCheck } = await import('./browser-check.ts');
  return createBrowserCheck();
}

/** Checks the files beside whoever types: the engine of the command line, in this browser. Null until the first check is done. */
export function useBrowserCheck(files: ReadonlyMap<string, string> | null): Checked | null {
  const [check] = useState(loadBrowserCheck);
  const [checked, setChecked] = useState<Checked | null>(null);
  const tookMs = useRef(0);
  useEffect(() => {
    if (files === null) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(
      () => {
        let begunMs = 0;
        void check
          .then((engine) => {
            begunMs = performance.now();
            return engine.run(files, stop.signal);
          })
          .then((done) => {
            tookMs.current = performance.now() - begunMs;
            if (done !== null && !stop.signal.aborted) setChecked(done);
          });
      },
      Math.min(mostRestMs, Math.max(leastRestMs, 2 * tookMs.current)),
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [check, files]);
  return checked;
}
