import type { QuestionId } from './dnsmasq-lines.ts';

/** A question whose answers are being told, line by line. */
export interface OpenQuestion {
  readonly name: string;
  /** Null where no line told it. */
  readonly type: string | null;
  readonly client: string | null;
  /** Names of the chain so far, without the queried one. */
  readonly aliases: string[];
}

/** Remembers which question an answer belongs to. */
export interface QuestionMemory {
  /** Takes note of a question. */
  ask(id: QuestionId, question: { readonly name: string; readonly type: string; readonly client: string }): void;
  /**
   * The question that an answer about `name` belongs to; null where it cannot be told: its question was before the start of the log.
   * `isLocal`: dnsmasq answered by itself; `isAlias`: the answer says that there is another name behind this one.
   */
  find(
    id: QuestionId,
    answer: { readonly name: string; readonly isLocal: boolean; readonly isAlias: boolean },
  ): OpenQuestion | null;
  /** Takes note that a line stood between: what follows belongs to another answer. */
  interrupt(): void;
}

/** Questions kept while their answers are awaited; past it the oldest is forgotten, and its answers are not used. */
const keptQuestions = 4096;
/** RFC 1034 section 3.6.2 sets no limit; resolvers give up after some 8 to 16. */
const longestChain = 16;

/**
 * Makes a memory of questions. With `log-queries=extra` every line has the number of its question, which is a safe join. Without it an
 * answer from outside cannot be given a client; only the lines of one answer are known to stand together (dnsmasq writes them in one go):
 * so the first name of a run is the queried one, and an answer by dnsmasq itself belongs to the question right before it.
 */
export function createQuestionMemory(): QuestionMemory {
  const bySerial = new Map<string, OpenQuestion>();
  let run: Run | null = null;
  return {
    ask: (id, { name, type, client }) => {
      const question: OpenQuestion = { name, type, client, aliases: [] };
      run = id === null ? { question, next: name, isLocal: true } : null;
      if (id !== null) remember(bySerial, keyOf(id, client), question);
    },
    find: (id, answer) => {
      if (id !== null) {
        const asked = bySerial.get(keyOf(id, id.client ?? ''));
        return asked === undefined ? null : extended(asked, answer.name);
      }
      run = continued(run, answer);
      return extended(run.question, answer.name);
    },
    interrupt: () => {
      run = null;
    },
  };
}

/** An answer told by lines that stand together. */
interface Run {
  readonly question: OpenQuestion;
  /** The name that the next line must be about; null after an alias, whose target the line does not say. */
  readonly next: string | null;
  readonly isLocal: boolean;
}

function continued(
  run: Run | null,
  { name, isLocal, isAlias }: { readonly name: string; readonly isLocal: boolean; readonly isAlias: boolean },
): Run {
  const isSame = run !== null && run.isLocal === isLocal && (run.next === null || isSameName(run.next, name));
  const question = isSame ? run.question : { name, type: null, client: null, aliases: [] };
  return { question, next: isAlias ? null : name, isLocal };
}

function extended(question: OpenQuestion, name: string): OpenQuestion {
  const { aliases } = question;
  const isKnown = isSameName(question.name, name) || aliases.some((alias) => isSameName(alias, name));
  if (!isKnown && name !== 'error' && aliases.length < longestChain) aliases.push(name);
  return question;
}

function remember(questions: Map<string, OpenQuestion>, key: string, question: OpenQuestion): void {
  questions.delete(key);
  const oldest = questions.size >= keptQuestions ? questions.keys().next().value : undefined;
  if (oldest !== undefined) questions.delete(oldest);
  questions.set(key, question);
}

/** Numbers start again with the daemon, and logs of several resolvers are put together: the client is part of the key. */
function keyOf(id: NonNullable<QuestionId>, client: string): string {
  return `${id.serial} ${id.client ?? client}`;
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
