import type { ComponentChildren, JSX } from 'preact'
import { Icon, type IconName } from './icon.js'

export interface ButtonProps {
  icon?: IconName | undefined
  /** Its words; with `bare` only for those who cannot see the icon, and as its hint. */
  label: string
  bare?: boolean
  kind?: 'main' | 'plain' | 'quiet'
  small?: boolean
  /** Of a button that is either pressed or not. */
  pressed?: boolean | undefined
  disabled?: boolean
  submit?: boolean
  title?: string | undefined
  onClick?: (() => void) | undefined
  children?: ComponentChildren
}

/** Something to press. */
export function Button(props: ButtonProps): JSX.Element {
  const { icon, label, bare = false, kind = 'plain', small = false, submit = false } = props
  return (
    <button
      type={submit ? 'submit' : 'button'}
      class={`button button-${kind}${small ? ' button-small' : ''}${bare ? ' button-bare' : ''}`}
      aria-label={bare ? label : undefined}
      title={props.title ?? (bare ? label : undefined)}
      aria-pressed={props.pressed}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      {bare ? null : <span>{label}</span>}
      {props.children}
    </button>
  )
}
