/** How the helper stands. */
export interface HelperStatus {
  /** Another one after each start of the helper. */
  readonly runId: string;
  /** Whether a plan was put into the kernel by this run. */
  readonly hasPlan: boolean;
  /** Whether the kernel gives an element its new time when it is added again (Linux 6.12 and later). */
  readonly renewsTimeouts: boolean;
  /** Drifts that were noticed since the start. */
  readonly drifts: number;
}
