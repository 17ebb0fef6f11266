import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button } from './button.js'

/** Something to read before anything else; Escape, the cross and a click beside it close it. */
export function Dialog(props: {
  title: string
  close: string
  onClose: () => void
  children: ComponentChildren
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => {
      element?.close()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onClose={props.onClose}
      onClick={({ target }) => {
        if (target === dialog.current) props.onClose()
      }}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={id}>{props.title}</h2>
          <Button icon="close" label={props.close} bare kind="quiet" onClick={props.onClose} />
        </div>
        {props.children}
      </div>
    </dialog>
  )
}
