import { isSeatAddress, seatAddresses } from '../../gateway/index.ts';
import { type EvidenceSet, type identify, type LocalEvidence, localEvidence } from '../../identity/index.ts';
import { processSource } from '../../policy/index.ts';
import type { LocalClass } from './local-plane.ts';

type Identify = typeof identify;

/** Who sits where. Only for the listener of the gateway and the filter, which the ruleset leads processes of this machine to. */
export interface SeatBook {
  /** Takes the place of what was known before. */
  adopt(classes: readonly LocalClass[]): void;
  /** Judges who asks from a seat by the process that the kernel put there, and everybody else as `identify` does. */
  identify: Identify;
}

/** A process that no identity names: it proves nothing, and must not count as the address that it seems to come from. */
const nobody: LocalEvidence = localEvidence({ uid: null, userNames: [], gid: null, groupNames: [], cgroup: null });

/** Makes a book in which nobody sits. */
export function createSeatBook(judge: Identify): SeatBook {
  let seats: ReadonlyMap<string, LocalEvidence> = new Map();
  const seated = (evidence: EvidenceSet): EvidenceSet => {
    if (!isSeatAddress(evidence.source)) return evidence;
    const local = seats.get(evidence.source) ?? nobody;
    return { source: processSource, presented: [...evidence.presented, local] };
  };
  return {
    adopt: (classes) => {
      seats = new Map(
        classes.flatMap(({ seat, process }) => {
          const evidence = localEvidence(process);
          const { 4: ip4, 6: ip6 } = seatAddresses(seat);
          return [
            [ip4, evidence],
            [ip6, evidence],
          ] as const;
        }),
      );
    },
    identify: (directory, evidence, nowMs) => judge(directory, seated(evidence), nowMs),
  };
}
