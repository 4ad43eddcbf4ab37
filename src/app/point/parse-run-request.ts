import { z } from 'zod';
import { ExeatError } from '../../base/index.ts';

/** What a caller asks for at the door. */
export interface RunRequest {
  readonly service: string;
}

const schema = z.strictObject({ version: z.literal(1), service: z.string().min(1).max(253) });

/** Reads the line of a caller. Throws an ExeatError with one line for anything else. */
export function parseRunRequest(line: string): RunRequest {
  try {
    const { service } = schema.parse(JSON.parse(line));
    return { service };
  } catch {
    throw new ExeatError('run_malformed', 'the request cannot be read, are both sides of one version of Exeat?');
  }
}
