/**
 * A place that checkpoints are sent to, out of reach of whoever could rewrite the log. `name` is for people and has no secret in it. `send` resolves
 * when the checkpoint is there, as far as the place tells, and rejects otherwise, at the latest when `signal` aborts.
 */
export interface Anchor {
  readonly name: string;
  send(note: string, signal: AbortSignal): Promise<void>;
}

/** The file that a git anchor keeps checkpoints in. */
export const gitAnchorFile = 'exeat-checkpoints.txt';
