import type { JSX } from 'preact'

/** One of a few, in the browser's own list. */
export const Select = <T extends string>(props: {
  label: string
  value: T
  options: readonly (readonly [T, string])[]
  onChange: (value: T) => void
}): JSX.Element => (
  <select
    class="select"
    aria-label={props.label}
    title={props.label}
    value={props.value}
    onChange={({ currentTarget }) => {
      props.onChange(currentTarget.value as T)
    }}
  >
    {props.options.map(([value, name]) => (
      <option key={value} value={value}>
        {name}
      </option>
    ))}
  </select>
)
