import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { FileChange } from './patch.ts';

/** What somebody changed and nobody took yet: each file with the text that it had when it was first changed. */
export interface PolicyDraft {
  readonly files: ReadonlyMap<string, FileChange>;
}

/** The draft of whoever is signed in, kept while they look at other pages and gone when they sign out. */
export interface DraftHandle {
  readonly draft: PolicyDraft;
  /** Writes a file; null removes it. A text that is what is in force is no change. */
  write(path: string, inForce: string | null, text: string | null): void;
  discard(path?: string): void;
}

const key = ['policy-draft'] as const;
const empty: PolicyDraft = { files: new Map() };

/** The draft, as every page of policy sees it. */
export function useDraft(): DraftHandle {
  const client = useQueryClient();
  const { data = empty } = useQuery({
    queryKey: key,
    queryFn: () => client.getQueryData<PolicyDraft>(key) ?? empty,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    // Maps are compared by what they are, not as plain objects.
    structuralSharing: false,
  });
  const change = (edit: (files: Map<string, FileChange>) => void): void => {
    client.setQueryData<PolicyDraft>(key, (before = empty) => {
      const files = new Map(before.files);
      edit(files);
      return { files };
    });
  };
  return {
    draft: data,
    write: (path, inForce, after) =>
      change((files) => {
        const before = files.get(path)?.before ?? inForce;
        if (before === after) files.delete(path);
        else files.set(path, { path, before, after });
      }),
    discard: (path) => change((files) => (path === undefined ? files.clear() : files.delete(path))),
  };
}
