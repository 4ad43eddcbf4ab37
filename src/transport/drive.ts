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

/** Asks what a conversation asks on its way. What throws is as if the sockets had broken. */
export function askSafely(command: BlockingCommand, executor: Executor): SessionEvent | null {
  try {
    return executor.execute(command);
  } catch (error) {
    executor.broke(error);
    return broken;
  }
}

/**
 * Resumes a conversation until it waits (true) or nothing is left of it (false). INVARIANT: a conversation is never dropped: what it asks and
 * tells never throws into it, so that it records the end of its flow; one that throws by itself is over, and its sockets are closed.
 */
export function drive(conversation: Conversation, event: SessionEvent, executor: Executor): boolean {
  try {
    return conversation.next(event).done !== true;
  } catch (error) {
    executor.broke(error);
    return false;
  }
}
