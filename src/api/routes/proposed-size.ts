import { failed, fault, ok, type Result } from '../../base/index.ts';
import { mostProposedBytes, type ProposalBody } from '../contract/index.ts';

/** Refuses a draft of more text than is checked at once. Fault: `proposal_too_large`. */
export function checkProposedSize(files: ProposalBody['files']): Result<null> {
  const characters = files.reduce((sum, { text }) => sum + (text?.length ?? 0), 0);
  if (characters <= mostProposedBytes) return ok(null);
  const said = `a proposal holds at most ${mostProposedBytes} bytes of text, check more with \`exeat policy check\``;
  return failed(fault('proposal_too_large', said));
}
