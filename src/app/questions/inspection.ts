/** One thing that was looked at. `warn` works and wants attention, `fail` keeps Exeat from doing its work. */
export interface Inspection {
  readonly check: string;
  readonly result: 'ok' | 'warn' | 'fail';
  readonly says: string;
  readonly mend: string | null;
}

/** Something that is as it should be. */
export function pass(check: string, says: string): Inspection {
  return { check, result: 'ok', says, mend: null };
}
