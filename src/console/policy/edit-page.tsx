import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import type { FoundAt, PolicyAnswer } from '../../api/contract/index.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Failure, Waiting } from '../ui/states.tsx';
import { Worded } from '../ui/worded.tsx';
import { CodeEditor } from './code-editor.tsx';
import { useDraft } from './draft-store.ts';
import { FileBar } from './file-bar.tsx';
import { FoundList } from './found-list.tsx';
import { PatchPanel } from './patch-panel.tsx';
import { PlanPanel } from './plan-panel.tsx';
import styles from './policy.module.css';
import { useAppliedDraft } from './use-applied-draft.ts';
import { proposedFiles, useBrowserCheck, useFileText, usePolicy } from './use-policy.ts';

const route = getRouteApi('/policy/edit');

/** The policy as text: checked as it is written, tried on what was recorded, and handed over as a patch. */
export function EditPage(): ReactNode {
  const policy = usePolicy();
  const { data } = policy;
  return (
    <>
      <PageHead
        title="Change the policy"
        says="Checked as you write. Nothing is changed here: what you get is a patch for the repository that owns the files."
      />
      {data === undefined && policy.error === null && <Waiting rows={12} />}
      {data === undefined && policy.error !== null && (
        <Failure error={policy.error} onRetry={() => void policy.refetch()} />
      )}
      {data !== undefined && <Editor policy={data} />}
    </>
  );
}

function Editor({ policy }: { readonly policy: PolicyAnswer }): ReactNode {
  const search = route.useSearch();
  const { draft, write, discard } = useDraft();
  const files = useMemo(() => proposedFiles(policy, draft.files), [policy, draft.files]);
  const checked = useBrowserCheck(files);
  // Another number begins the editor anew: with the text of another file, or with one that was not written in it.
  const [revision, setRevision] = useState(0);
  const [goTo, setGoTo] = useState<{ readonly line: number; readonly column: number } | null>(() =>
    search.line === undefined ? null : { line: search.line, column: 1 },
  );
  const navigate = route.useNavigate();
  const applied = useAppliedDraft(policy, search.draft, (line) => {
    setRevision((before) => before + 1);
    setGoTo(line === null ? null : { line, column: 1 });
  });
  const path = search.file ?? policy.files[0]?.path ?? null;
  const base = useFileText(policy, path);
  const changed = path === null ? undefined : draft.files.get(path);
  const text = changed === undefined ? base.data : changed.after;
  const found = useMemo(() => checked?.found.filter(({ file }) => file === path) ?? none, [checked, path]);
  const show = (file: string, at: { readonly line: number; readonly column: number } | null): void => {
    setGoTo(at);
    if (file !== path) void navigate({ search: { file }, replace: true });
  };
  return (
    <div className={styles['stack']}>
      {applied !== null && (
        <p role="status" className={styles['notice']}>
          <Worded text={applied} />
        </p>
      )}
      <FileBar
        policy={policy}
        changes={draft.files}
        path={path}
        onChoose={(file) => show(file, null)}
        onNew={(file) => {
          write(file, null, newText);
          show(file, null);
        }}
        onRemove={(file) => write(file, base.data ?? null, null)}
        onUndo={(file) => {
          discard(file);
          setRevision((before) => before + 1);
        }}
      />
      <div className={styles['desk']}>
        <EditorPane text={text} error={base.error}>
          {path !== null && typeof text === 'string' && (
            <CodeEditor
              key={`${path} ${revision}`}
              {...{ path, text, found, goTo }}
              onChange={(next) => write(path, base.data ?? null, next)}
            />
          )}
        </EditorPane>
        <FoundList checked={checked} isChecking={files !== null} onGo={(one) => show(one.file, { ...one })} />
      </div>
      <PlanPanel policy={policy} changes={draft.files} isCheckedHere={files !== null} />
      <PatchPanel
        policy={policy}
        changes={draft.files}
        onDiscard={() => {
          discard();
          setRevision((before) => before + 1);
        }}
      />
    </div>
  );
}

const none: readonly FoundAt[] = [];
const newText = 'apiVersion: exeat/v1\n';

interface PaneProps {
  /** Undefined while it is on its way, null where the file is removed. */
  readonly text: string | null | undefined;
  readonly error: Error | null;
  readonly children: ReactNode;
}

function EditorPane({ text, error, children }: PaneProps): ReactNode {
  return (
    <div className={styles['pane']}>
      {error !== null && <Failure error={error} />}
      {text === null && <p className={styles['dim']}>This file is removed by your change.</p>}
      {children}
    </div>
  );
}
