import type { ComponentChildren, JSX } from 'preact'
import { useId } from 'preact/hooks'

/** Several things in one place: the arrow keys go from tab to tab. */
export function Tabs<T extends string>(props: {
  label: string
  tabs: readonly (readonly [T, string])[]
  value: T
  onChange: (value: T) => void
  children: ComponentChildren
}): JSX.Element {
  const { tabs, value, onChange } = props
  const id = useId()

  function onKeyDown(event: KeyboardEvent): void {
    const at = tabs.findIndex(([name]) => name === value)
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key]
    const tab = to === undefined ? undefined : tabs[(to + tabs.length) % tabs.length]
    if (!tab) return
    event.preventDefault()
    onChange(tab[0])
    document.getElementById(`${id}-${tab[0]}`)?.focus()
  }

  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={props.label} onKeyDown={onKeyDown}>
        {tabs.map(([name, words]) => (
          <button
            key={name}
            type="button"
            role="tab"
            class="tab"
            id={`${id}-${name}`}
            aria-selected={name === value}
            aria-controls={`${id}-panel`}
            tabIndex={name === value ? 0 : -1}
            onClick={() => {
              onChange(name)
            }}
          >
            {words}
          </button>
        ))}
      </div>
      <div
        class="tab-panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${value}`}
        // It scrolls: without a mouse too.
        tabIndex={0}
      >
        {props.children}
      </div>
    </div>
  )
}
