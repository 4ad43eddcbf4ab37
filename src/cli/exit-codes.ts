/** Exit codes of the product: stable, scripts depend on them. `run` passes on the code of the command that it ran. */
export const exitCodes = {
  ok: 0,
  error: 1,
  changesPresent: 2,
  checksFailed: 3,
  authenticationNeeded: 4,
  denied: 5,
  pending: 6,
  integrityFailure: 7,
  enforcedDrift: 8,
  undecidedTraffic: 9,
  usage: 64,
  /** Of `exeat run` alone: Exeat failed, and not the command. */
  runFailed: 125,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
