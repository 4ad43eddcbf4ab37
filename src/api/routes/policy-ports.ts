import type { Result } from '../../base/index.ts';
import type {
  PolicyAnswer,
  PolicyFileAnswer,
  ProposalAnswer,
  ProposalBody,
  ServiceAnswer,
  ServiceRow,
  ServicesAnswer,
} from '../contract/index.ts';

/** Which services are wanted: those whose name comes after `after`, at most `most`. */
export interface WantedServices {
  readonly find: string | null;
  readonly mode: ServiceRow['mode'] | null;
  readonly after: string | null;
  readonly most: number;
}

/** The policy in force, and what a changed one would come to. Faults of all: `no_policy`, `policy_busy`. */
export interface PolicySource {
  services(wanted: WantedServices): Promise<Result<Omit<ServicesAnswer, 'next'> & { readonly isEnd: boolean }>>;
  /** Fault: `not_found`. */
  service(name: string): Promise<Result<ServiceAnswer>>;
  files(): Promise<Result<PolicyAnswer>>;
  /** Only a path that `files` lists; nothing is looked for on the disk by it. Faults: `not_found`, `proposal_too_large`. */
  file(path: string): Promise<Result<PolicyFileAnswer>>;
  /** One at a time for a person. Faults: `check_running`, `check_too_long`, `changed_meanwhile`, `proposal_too_large`. */
  check(proposal: ProposalBody, person: string): Promise<Result<ProposalAnswer>>;
}
