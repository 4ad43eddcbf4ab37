import type { Attempt } from './attempt.ts';
import type { Reply } from './judge-response.ts';
import type { UpstreamQuestion } from './query.ts';

/** A way to one server over one transport. `ask` sends one query and waits for its response; it never rejects. */
export interface Channel {
  ask(exchange: ChannelExchange): Promise<Reply>;
  /** Fails what waits at once. */
  close(): void;
}

/** One query over a channel. */
export interface ChannelExchange {
  readonly question: UpstreamQuestion;
  readonly attempt: Attempt;
  readonly hasEdns: boolean;
}
