import type { Result } from '../../base/index.ts';
import type { JudgeableEdge } from '../../flowmap/index.ts';
import type { NetworkFacts, OpeningQuery, VerdictRecord } from '../../policy/index.ts';
import type { ServicesQuestion } from './policy/tell-services.ts';

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

/** What a policy that is about to be in force changes: the first of the facts that came and went, and how many there are. */
export interface PolicyChangeNotice {
  readonly version: string;
  readonly before: string | null;
  readonly isWidening: boolean;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly addedCount: number;
  readonly removedCount: number;
}

/** A question about policies, answered by the worker that holds them. */
export type PolicyQuestion =
  | { readonly kind: 'exception-facts'; readonly service: string; readonly to: string; readonly via: readonly string[] }
  | {
      readonly kind: 'explain';
      readonly policyVersion: string;
      readonly record: Pick<VerdictRecord, 'principal' | 'destination' | 'time' | 'source'>;
    }
  | { readonly kind: 'openings'; readonly policyVersion: string | null; readonly query: OpeningQuery }
  | { readonly kind: 'services'; readonly query: ServicesQuestion }
  | {
      readonly kind: 'service';
      readonly name: string;
      readonly nowMs: number;
      readonly edges: readonly JudgeableEdge[];
      readonly localOrigins: NetworkFacts['localOrigins'];
    }
  | { readonly kind: 'sources'; readonly mostBytes: number }
  | { readonly kind: 'source'; readonly path: string; readonly mostBytes: number }
  | { readonly kind: 'ways-out'; readonly policyVersion: string | null };

/**
 * What the worker is told. `look`: compile what changed, or all when forced. `go`: a change that it told of may be put in force, or why not.
 */
export type ToPolicyWorker =
  | { readonly kind: 'look'; readonly isForced: boolean }
  | { readonly kind: 'go'; readonly refusal: string | null }
  | { readonly kind: 'question'; readonly id: number; readonly question: PolicyQuestion };

/** What the worker tells. `change` comes before anything is put in force and waits for its `go`. */
export type FromPolicyWorker =
  | { readonly kind: 'outcome'; readonly outcome: PolicyOutcome }
  | { readonly kind: 'change'; readonly change: PolicyChangeNotice }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Result<unknown> };

/** The most fault lines that are carried out of the worker and logged; the count tells of the rest. */
export const maxFaultLines = 20;

/** The most facts of a change that are told; an entry of the log holds 64 KiB. */
export const maxToldFacts = 100;
