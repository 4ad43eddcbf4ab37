import { type ReactNode, useEffect, useRef, useState } from 'react';
import styles from './menu.module.css';

/** From here on there is room for everything beside the page; the sheet of the shell has the same width. */
const wide = '(min-width: 821px)';

/**
 * What a narrow window has no room for, behind a button. The browser's own modal dialog keeps the focus in it, ends at Esc, and gives the
 * focus back to the button.
 */
export function Menu({ children }: { readonly children: ReactNode }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className={styles['opener']}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setOpen(true)}
      >
        Menu
      </button>
      {isOpen && <Sheet onClose={() => setOpen(false)}>{children}</Sheet>}
    </>
  );
}

function Sheet({ onClose, children }: { readonly onClose: () => void; readonly children: ReactNode }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    // A window that became wide shows all of it, and a page behind a dialog that is not in sight could not be used.
    const width = matchMedia(wide);
    const close = (): void => dialog.current?.close();
    width.addEventListener('change', close);
    return () => width.removeEventListener('change', close);
  }, []);
  return (
    // The keys have the button and Esc; a click beside the sheet, or on a way out of it, closes it too.
    // biome-ignore lint/a11y/useKeyWithClickEvents: as above
    <dialog
      ref={dialog}
      className={styles['menu']}
      aria-label="Menu"
      onClose={onClose}
      onClick={({ target, currentTarget }) => {
        if (target === currentTarget || (target instanceof Element && target.closest('a') !== null)) {
          currentTarget.close();
        }
      }}
    >
      <div className={styles['sheet']}>
        <button type="button" className={styles['closer']} onClick={() => dialog.current?.close()}>
          Close
        </button>
        {children}
      </div>
    </dialog>
  );
}
