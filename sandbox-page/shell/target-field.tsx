import type { JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { shellTexts } from '../i18n/shell.js'
import type { Lang } from '../i18n/lang.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import type { TargetState } from './check-target.js'
import { readAddress } from './typed.js'

/** Which server the phone talks to, how it is, and naming another one. */
export function TargetField(props: {
  target: string | null
  state: TargetState
  lang: Lang
  onTarget: (target: string) => void
}): JSX.Element {
  const { target, state, lang, onTarget } = props
  const texts = shellTexts[lang].header
  const [draft, setDraft] = useState<string | null>(null)
  const [wrong, setWrong] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const edit = useRef<HTMLButtonElement>(null)
  const editing = draft !== null
  const was = useRef(editing)
  const id = useId()

  useEffect(() => {
    if (editing === was.current) return
    was.current = editing
    if (editing) input.current?.select()
    else edit.current?.focus()
  }, [editing])

  const close = (): void => {
    setDraft(null)
    setWrong(false)
  }

  if (draft === null) {
    return (
      <button
        type="button"
        class="target"
        ref={edit}
        data-state={state.state}
        title={texts.targetEdit}
        onClick={() => {
          setDraft(target ?? '')
        }}
      >
        <span class="target-name">{texts.target}</span>
        <span class="target-dot" aria-hidden="true" />
        <span class="target-url">{target?.replace(/^http:\/\//, '') ?? texts.targetNone}</span>
        <span class="unseen">{words(state, lang)}</span>
        <Icon name="edit" />
      </button>
    )
  }
  return (
    <form
      class="target-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        const address = readAddress(draft)
        setWrong(address === null)
        if (address === null) return
        onTarget(address)
        close()
      }}
      onKeyDown={({ key }) => {
        if (key === 'Escape') close()
      }}
    >
      <input
        ref={input}
        type="url"
        spellcheck={false}
        autocomplete="off"
        aria-label={texts.targetLabel}
        aria-invalid={wrong}
        aria-describedby={wrong ? id : undefined}
        placeholder={texts.targetPlaceholder}
        value={draft}
        onInput={({ currentTarget }) => {
          setDraft(currentTarget.value)
          setWrong(false)
        }}
      />
      <Button label={texts.targetSave} submit kind="main" small />
      <Button icon="close" label={texts.targetCancel} bare kind="quiet" small onClick={close} />
      {wrong ? (
        <p class="trouble target-trouble" id={id} role="alert">
          {texts.targetNoUrl}
        </p>
      ) : null}
    </form>
  )
}

/** How a server is, for who does not see the dot. */
function words(state: TargetState, lang: Lang): string {
  const texts = shellTexts[lang].header
  switch (state.state) {
    case 'none':
      return ''
    case 'checking':
      return texts.targetChecking
    case 'up':
      return texts.targetUp
    case 'wrong':
      return state.message
    default:
      return state satisfies never
  }
}
