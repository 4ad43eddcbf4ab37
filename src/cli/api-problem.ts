import { type Problem, problemSchema } from '../api/contract/index.ts';
import { type Fault, fault } from '../base/index.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Why a call gave no answer, and what the command ends with. */
export interface ApiFault extends Fault {
  readonly exitCode: ExitCode;
}

/** Makes an {@link ApiFault} of a fault that came before or instead of an answer. */
export function apiFault(one: Fault, exitCode: ExitCode = exitCodes.error): ApiFault {
  return { ...one, exitCode };
}

/** Reads a refusal: one line with title, detail, the fields that are wrong and the request id. `text` is the body as it came. */
export function readProblem(status: number, text: string, origin: string): ApiFault {
  const problem = problemSchema.safeParse(parseJson(text));
  const exitCode = exitCodeOf(status);
  if (problem.success) return { code: problem.data.code, message: problemText(problem.data), exitCode };
  return apiFault(
    fault('answer_malformed', `\`${origin}\` answered ${status} and nothing that Exeat says, is it Exeat?`),
    exitCode,
  );
}

/** JSON from outside, undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined fits no schema, so the caller tells it as what it is: an answer of something else.
    return undefined;
  }
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401) return exitCodes.authenticationNeeded;
  return status === 403 ? exitCodes.denied : exitCodes.error;
}

function problemText({ title, detail, fields = [], code, requestId }: Problem): string {
  // The detail of a malformed request names its fields already.
  const untold = fields.map(({ at, message }) => `${at}: ${message}`).filter((field) => !detail.includes(field));
  return `${[`${title}: ${detail}`, ...untold].join('; ')} (${code}, request ${requestId})`;
}
