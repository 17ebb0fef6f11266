import type { ComponentChildren, JSX } from 'preact'
import { useId } from 'preact/hooks'

/** A part of a panel with its heading. */
export function Section(props: {
  title: string
  /** Beside the heading. */
  aside?: ComponentChildren
  children: ComponentChildren
}): JSX.Element {
  const id = useId()
  return (
    <section class="panel-section" aria-labelledby={id}>
      <header class="panel-section-head">
        <h3 id={id}>{props.title}</h3>
        {props.aside}
      </header>
      {props.children}
    </section>
  )
}
