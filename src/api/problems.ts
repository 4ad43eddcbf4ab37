import type { Fault } from '../base/index.ts';
import { apiProblems, type Problem } from './contract/index.ts';

/** What a fault becomes: its HTTP status, and a title for people. */
export interface ProblemRow {
  readonly status: number;
  readonly title: string;
}

/** Titles and statuses by code; the API's own are always among them. */
export type ProblemRows = Readonly<Record<string, ProblemRow>>;

/** A fault of a request, with the fields that are wrong where it is about fields. */
export interface RequestFault extends Fault {
  readonly fields?: readonly { readonly at: string; readonly message: string }[];
}

// A code without a row is an oversight of ours: the caller is refused all the same, and never with a success.
const unlisted: ProblemRow = { status: 422, title: 'this is refused' };

/** Makes the problem details of a fault. */
export function toProblem(rows: ProblemRows, fault: RequestFault, requestId: string): Problem {
  const own: ProblemRows = apiProblems;
  const { status, title } = rows[fault.code] ?? own[fault.code] ?? unlisted;
  return {
    type: `urn:exeat:problem:${fault.code}`,
    title,
    status,
    code: fault.code,
    detail: fault.message,
    requestId,
    ...(fault.fields === undefined ? {} : { fields: fault.fields }),
  };
}
