import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap } from '@codemirror/lint';
import { EditorState, type Text } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightSpecialChars,
  hoverTooltip,
  keymap,
  lineNumbers,
  type Tooltip,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { FoundAt } from '../../api/contract/index.ts';

/** What an editor shows, and who is told of changes. */
export interface EditorParts {
  readonly path: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

// The sheet of the lint package draws its marks as images in `data:` addresses, which the policy of the page refuses: ours are drawn.
const look = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', color: 'var(--x-ink)', backgroundColor: 'var(--x-panel)' },
  // Its frame shows the focus: here it would lie below the numbers of the lines.
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--x-mono)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--x-ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--x-ink)' },
  '.cm-gutters': { color: 'var(--x-dim)', backgroundColor: 'var(--x-panel)', borderRight: '1px solid var(--x-line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--x-accent) 7%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--x-accent) 26%, transparent)',
  },
  '.cm-lintRange-error, .cm-lintRange-warning, .cm-lintRange-info': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy 1px',
    textUnderlineOffset: '3px',
  },
  '.cm-lintRange-error': { textDecorationColor: 'var(--x-deny)' },
  '.cm-lintRange-warning': { textDecorationColor: 'var(--x-warn)' },
  '.cm-lintRange-info': { textDecorationColor: 'var(--x-dim)' },
  '.cm-lint-marker': { width: '9px', height: '9px', marginTop: '6px' },
  '.cm-lint-marker-error': { content: 'none', backgroundColor: 'var(--x-deny)' },
  '.cm-lint-marker-warning': {
    content: 'none',
    backgroundColor: 'var(--x-warn)',
    transform: 'rotate(45deg) scale(0.85)',
  },
  '.cm-lint-marker-info': { content: 'none', backgroundColor: 'var(--x-dim)', borderRadius: '50%' },
  '.cm-tooltip': {
    color: 'var(--x-ink)',
    backgroundColor: 'var(--x-panel)',
    border: '1px solid var(--x-line)',
    borderRadius: '6px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    color: '#fff',
    backgroundColor: 'var(--x-accent-fill)',
  },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--x-dim)' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-diagnostic': { padding: '5px 10px', whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--x-deny)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--x-warn)' },
  '.cm-diagnostic-info': { borderLeftColor: 'var(--x-dim)' },
  '.cm-help': { maxWidth: '420px', padding: '6px 10px', fontSize: '13px' },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--x-accent)' },
  { tag: [tags.string, tags.content, tags.attributeValue], color: 'var(--x-ink)' },
  { tag: tags.comment, color: 'var(--x-dim)', fontStyle: 'italic' },
  { tag: [tags.meta, tags.separator, tags.punctuation], color: 'var(--x-dim)' },
]);

/** A state for one file. The tabulator leaves the editor: whoever has no mouse gets out of it as they came in. */
export function createEditorState({ path, text, onChange }: EditorParts): EditorState {
  return EditorState.create({
    doc: text,
    extensions: [
      // Line ends stay as they are in the file, or a patch of one line would be one of all.
      EditorState.lineSeparator.of('\n'),
      lineNumbers(),
      lintGutter(),
      highlightSpecialChars(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      yaml(),
      syntaxHighlighting(colours),
      autocompletion({ override: [complete], icons: false }),
      hoverTooltip(hover),
      keymap.of([...completionKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap]),
      look,
      EditorView.contentAttributes.of({ 'aria-label': `Text of ${path}`, spellcheck: 'false', tabindex: '0' }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(update.state.sliceDoc());
      }),
    ],
  });
}

const severities = { fault: 'error', test: 'error', error: 'error', warning: 'warning', note: 'info' } as const;

/** Findings of one file as marks in its text; what stands past its end is marked there. */
export function toDiagnostics(doc: Text, found: readonly FoundAt[]): readonly Diagnostic[] {
  return found.map(({ severity, rule, message, mend, line, column }) => {
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const from = Math.min(at.from + Math.max(0, column - 1), at.to);
    const word = /^[^\s,{}[\]]+/.exec(doc.sliceString(from, at.to))?.[0].length ?? 0;
    return {
      ...{ from, to: Math.min(at.to, from + Math.max(1, word)), severity: severities[severity] },
      message: `${message} [${rule}]${mend === null ? '' : `\nmend: ${mend}`}`,
    };
  });
}

// The grammar comes with the engine, a chunk of its own that is there by the time somebody types.
async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[A-Za-z0-9_-]+/);
  if (word === null && !context.explicit) return null;
  const from = word?.from ?? context.pos;
  const { helpAt, keysOf, placeAt } = await import('./grammar-place.ts');
  const place = placeAt(context.state.sliceDoc(), from);
  if (place.key !== null) {
    const values = helpAt(place)?.values;
    return values === undefined ? null : { from, options: values.map((label) => ({ label })) };
  }
  if (place.map === null) return null;
  const options = keysOf(place.map).map(([label, { says }]) => ({ label, detail: says, apply: `${label}: ` }));
  return { from, options };
}

async function hover(view: EditorView, pos: number): Promise<Tooltip | null> {
  const { helpAt, placeAt } = await import('./grammar-place.ts');
  const line = view.state.doc.lineAt(pos);
  for (const match of line.text.matchAll(/([A-Za-z][A-Za-z0-9_-]*)"?\s*:(?=\s|$)/g)) {
    const from = line.from + match.index;
    const until = from + (match[1]?.length ?? 0);
    if (pos < from || pos > until) continue;
    // Just past its colon the key is the one whose value stands there.
    const help = helpAt(placeAt(view.state.sliceDoc(), from + match[0].length + 1));
    return help === null ? null : { pos: from, end: until, above: true, create: () => ({ dom: helpElement(help) }) };
  }
  return null;
}

function helpElement({ says, values }: { readonly says: string; readonly values?: readonly string[] }): HTMLElement {
  const element = document.createElement('div');
  element.className = 'cm-help';
  element.textContent = values === undefined ? says : `${says}: ${values.join(', ')}`;
  return element;
}
