import type { Judge } from '../enforcement/index.ts';
import { identify } from '../identity/index.ts';
import { approveAddresses, decide } from '../policy/index.ts';

/** The three questions as this product answers them. There is no other evaluator (DESIGN principle 1). */
export const policyJudge: Judge = { identify, decide, approve: approveAddresses };
