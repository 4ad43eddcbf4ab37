import type { OfflineDocument } from '../break-glass/offline-document.ts';
import type { Confirmation } from '../people/confirmation.ts';
import type { ExceptionSpec, Narrowing } from '../spec/exception-spec.ts';
import type { PointEvidence, ReviewOutcome } from './exception-state.ts';

/**
 * What may be done about one exception. `digest` and `policyVersion` are those that were looked at; `confirmation` is what confirms the act
 * itself, none where it is left out.
 */
export type ExceptionCommand =
  | { readonly kind: 'submit'; readonly id: string; readonly spec: ExceptionSpec }
  | { readonly kind: 'edit'; readonly spec: ExceptionSpec }
  | { readonly kind: 'withdraw'; readonly reason: string }
  | {
      readonly kind: 'approve';
      readonly digest: string;
      readonly policyVersion: string;
      readonly narrowing: Narrowing;
      readonly note: string;
      readonly confirmation?: Confirmation | null;
    }
  | { readonly kind: 'deny'; readonly note: string }
  | { readonly kind: 'revoke'; readonly reason: string }
  | { readonly kind: 'suspend'; readonly reason: string }
  | {
      readonly kind: 'resume';
      readonly digest: string;
      readonly policyVersion: string;
      readonly note: string;
      readonly confirmation?: Confirmation | null;
    }
  | { readonly kind: 'close'; readonly points: readonly PointEvidence[] }
  | { readonly kind: 'review'; readonly outcome: ReviewOutcome; readonly note: string }
  | {
      readonly kind: 'declare';
      readonly id: string;
      readonly spec: ExceptionSpec;
      readonly confirmation?: Confirmation | null;
    }
  | { readonly kind: 'acknowledge'; readonly confirmation?: Confirmation | null }
  | { readonly kind: 'learn'; readonly learned: LearnedBreakGlass }
  | DeprovisionCommand;

/** What became of a person: `demoted`, a role or an owner by which they may approve was taken from them. */
export type Departure = 'disabled' | 'demoted';

/** What control does to a grant when its owner, requester or beneficiary was disabled, or who approved it may no more before it starts. */
export interface DeprovisionCommand {
  readonly kind: 'deprovision';
  readonly person: string;
  readonly why: Departure;
}

/** An offline break-glass as a point tells of it when control is back. `doubts` are what verifying it again found. */
export interface LearnedBreakGlass {
  readonly id: string;
  readonly document: OfflineDocument;
  /** The people whose signatures hold, the one who declares first. */
  readonly signers: readonly string[];
  /** When the point put it in force, and until when. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly doubts: readonly string[];
}

/** A command of one kind. */
export type CommandOf<K extends ExceptionCommand['kind']> = Extract<ExceptionCommand, { kind: K }>;
