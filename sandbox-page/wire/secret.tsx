import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { messageOf } from '../api/index.js'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { Icon } from '../ui/icon.js'

/** A masked value, with a button that shows what is behind it, and hides it again. */
export function Secret(props: {
  /** What is shown in its place. */
  mask: string
  /** What it is, for who cannot see where it stands. */
  name: string
  lang: Lang
  reveal: () => Promise<unknown>
}): JSX.Element {
  const { mask, name, lang, reveal } = props
  const texts = wireTexts[lang].inspector
  const [value, setValue] = useState<string>()
  const [trouble, setTrouble] = useState<string>()
  const [busy, setBusy] = useState(false)

  const press = (): void => {
    // Not disabled meanwhile: that would take the focus away.
    if (busy) return
    setTrouble(undefined)
    if (value !== undefined) {
      setValue(undefined)
      return
    }
    setBusy(true)
    reveal()
      .then(
        (raw) => {
          setValue(typeof raw === 'string' ? raw : JSON.stringify(raw))
        },
        (error: unknown) => {
          setTrouble(messageOf(error))
        },
      )
      .finally(() => {
        setBusy(false)
      })
  }

  const label = value === undefined ? texts.revealField(name) : texts.hideField(name)
  return (
    <span class="secret" data-revealed={value === undefined ? undefined : ''}>
      <button type="button" class="secret-button" title={label} aria-busy={busy} onClick={press}>
        <Icon name="eye" />
        <span class="unseen">{label} </span>
        {value === undefined ? mask : null}
      </button>
      {value === undefined ? null : <span class="secret-value">{value}</span>}
      {trouble === undefined ? null : (
        <span class="trouble" role="alert">
          {trouble}
        </span>
      )}
    </span>
  )
}
