/** What became of one look at the policy folder. Plain data: it crosses from the worker. */
export type PolicyOutcome =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'written';
      readonly version: string;
      readonly ruleCount: number;
      readonly serviceCount: number;
      readonly fileCount: number;
      readonly parsedFileCount: number;
      readonly tookMs: number;
    }
  | { readonly kind: 'refused'; readonly lines: readonly string[]; readonly faultCount: number };

/** What the worker is given: the folder to read and where to write. */
export interface PolicyWorkerData {
  readonly policy: string;
  readonly state: string;
}

/** What the worker is asked. `isForced` compiles and writes even when no file changed. */
export interface PolicyWorkerAsk {
  readonly isForced: boolean;
}

/** The most fault lines that are carried out of the worker and logged; the count tells of the rest. */
export const maxFaultLines = 20;
