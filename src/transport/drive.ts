import type { BlockingCommand, Conversation, ImmediateCommand, SessionEvent } from '../enforcement/index.ts';

/** Executes what a conversation asks for. */
export interface Executor {
  /** Does what needs no answer. */
  perform(command: ImmediateCommand): void;
  /** The event where it is there already; null: the command suspends the conversation. */
  execute(command: BlockingCommand): SessionEvent | null;
  /** A command or the conversation itself threw. Closes the sockets, so that whatever is asked next is answered with an end. */
  broke(error: unknown): void;
}

/** Does what a conversation tells on its way. What throws is as if the sockets had broken: the conversation goes on to its next question. */
export function performSafely(command: ImmediateCommand, executor: Executor): void {
  try {
    executor.perform(command);
  } catch (error) {
    executor.broke(error);
  }
}

// A broken invariant is no decision of anybody; the reason says whose trouble it is.
const broken: SessionEvent = { type: 'over', by: 'decision_failed' };

/**
 * Resumes a conversation and executes its commands until one suspends it (true) or nothing is left of it (false). INVARIANT: a
 * conversation is never dropped: after an error it is told that all is over, so that it records the end of its flow, and after a
 * second one it is made to give back what it holds.
 */
export function drive(conversation: Conversation, first: SessionEvent, executor: Executor): boolean {
  try {
    return run(conversation, first, executor);
  } catch (error) {
    executor.broke(error);
    return wind(conversation, executor);
  }
}

function run(conversation: Conversation, first: SessionEvent, executor: Executor): boolean {
  for (let event: SessionEvent | null = first; event !== null; ) {
    const next = conversation.next(event);
    if (next.done === true) return false;
    event = executor.execute(next.value);
  }
  return true;
}

function wind(conversation: Conversation, executor: Executor): boolean {
  try {
    return run(conversation, broken, executor);
  } catch (error) {
    executor.broke(error);
    conversation.return();
    return false;
  }
}
