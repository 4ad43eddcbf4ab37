import type { VerdictRecord } from '../policy/index.ts';

/**
 * A page for a person whose request was denied: what was denied, the line that asks for an exception and, where there is a console, the way
 * to its form.
 */
export function requestPage(decisionId: string, record: VerdictRecord | null, hasConsole: boolean): string {
  if (record === null) {
    return page('No such decision', [
      paragraph(`No decision ${decisionId} is kept here. It may be too old, or of another installation.`),
    ]);
  }
  const { destination, principal } = record;
  const to =
    destination === null ? 'unknown' : `${destination.host}${destination.port === null ? '' : `:${destination.port}`}`;
  const service = principal?.service ?? 'unknown';
  return page('Ask for an exception', [
    paragraph(`On ${record.time} ${service} was denied ${to} (${record.reason}).`),
    paragraph(
      'If it is needed for a while, somebody with a token can ask for it with this line. Fill in what stands in capitals:',
    ),
    code(requestLine({ decisionId, to, service })),
    ...(hasConsole ? [consoleLink(decisionId)] : []),
    paragraph('Somebody else decides. What is needed for good belongs into the policy of the service.'),
  ]);
}

/** A page for a moment in which too many ask. */
export function busyPage(): string {
  return page('Try again', [paragraph('Too many denials are being looked up. Load this page again in a moment.')]);
}

function consoleLink(decisionId: string): string {
  const href = `/exceptions/new?decision=${encodeURIComponent(decisionId)}`;
  return `<p><a href="${href}">Ask for it in the console</a>, if you have an account there.</p>`;
}

/** The command line that asks for what a decision denied. */
export function requestLine(asked: {
  readonly decisionId: string;
  readonly to: string;
  readonly service: string;
}): string {
  const { decisionId, to, service } = asked;
  const words = ['exeat exception request', `--service ${shellWord(service)}`, `--to ${shellWord(to)}`];
  return [
    ...words,
    '--for 8h',
    '--owner OWNER',
    "--reason 'WHY IT IS NEEDED'",
    `--decision ${shellWord(decisionId)}`,
  ].join(' ');
}

/** A page for whoever opened a founding link: the line that claims it. The secret stands after `#` and never reaches a server by itself. */
export function setupPage(): string {
  return page('Claim your account', [
    paragraph(
      'This link was printed at the first start. Claim it once, on the machine where you will work, with the whole link in quotes:',
    ),
    code("exeat token claim 'THE WHOLE LINK' --id YOUR-ID --name 'Your Name' --save"),
  ]);
}

function page(title: string, parts: readonly string[]): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)} - Exeat</title>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body><main><h1>${escapeHtml(title)}</h1>\n${parts.join('\n')}\n</main></body></html>\n`;
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

function code(text: string): string {
  return `<pre><code>${escapeHtml(text)}</code></pre>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

// What a denied workload asked for is the attacker's to choose: nothing of it may become a word of a shell.
function shellWord(text: string): string {
  return /^[A-Za-z0-9._:@/[\]*-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
