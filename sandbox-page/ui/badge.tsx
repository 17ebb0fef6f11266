import type { ComponentChildren, JSX } from 'preact'

/** A word or a number that says how something is. */
export const Badge = (props: {
  mood?: 'good' | 'bad' | 'warn' | 'info' | 'plain'
  children: ComponentChildren
}): JSX.Element => <span class={`badge badge-${props.mood ?? 'plain'}`}>{props.children}</span>
