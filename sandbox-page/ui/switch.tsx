import type { JSX } from 'preact'

/** On or off, at once. */
export const Switch = (props: {
  label: string
  on: boolean
  title?: string
  disabled?: boolean
  onChange: (on: boolean) => void
}): JSX.Element => (
  <button
    type="button"
    role="switch"
    class="switch"
    aria-checked={props.on}
    title={props.title}
    disabled={props.disabled}
    onClick={() => {
      props.onChange(!props.on)
    }}
  >
    <span class="switch-track" aria-hidden="true" />
    <span>{props.label}</span>
  </button>
)
