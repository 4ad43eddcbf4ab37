import { setDiagnostics } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import type { FoundAt } from '../../api/contract/index.ts';
import { createEditorState, toDiagnostics } from './editor-state.ts';
import styles from './policy.module.css';

interface CodeEditorProps {
  readonly path: string;
  /** The text to begin with; afterwards the editor has it. Another key begins anew. */
  readonly text: string;
  readonly found: readonly FoundAt[];
  readonly onChange: (text: string) => void;
  /** Where to go; another object goes there again. */
  readonly goTo: { readonly line: number; readonly column: number } | null;
}

/**
 * An editor for one policy file. It stands in a shadow root: there its styles come as sheets that scripts adopt, where elsewhere it would
 * write a `style` element, which the policy of the page refuses.
 */
export function CodeEditor({ path, text, found, onChange, goTo }: CodeEditorProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const told = useRef(onChange);
  const begins = useRef(text);
  useLayoutEffect(() => {
    told.current = onChange;
  });
  useLayoutEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    const state = createEditorState({ path, text: begins.current, onChange: (changed) => told.current(changed) });
    const made = new EditorView({ state, parent: root, root });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, [path]);
  useEffect(() => {
    const { current } = view;
    if (current !== null) {
      current.dispatch(setDiagnostics(current.state, toDiagnostics(current.state.doc, found)));
    }
  }, [found]);
  useEffect(() => {
    const { current } = view;
    if (current === null || goTo === null) return;
    const { doc } = current.state;
    const line = doc.line(Math.min(Math.max(goTo.line, 1), doc.lines));
    const at = Math.min(line.from + Math.max(0, goTo.column - 1), line.to);
    current.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
    current.focus();
  }, [goTo]);
  return <div ref={host} className={styles['editor']} />;
}
