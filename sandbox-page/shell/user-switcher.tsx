import type { JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { isUserName } from '../../src/sandbox/user-name.js'
import { shellTexts } from '../i18n/shell.js'
import type { Lang } from '../i18n/lang.js'
import { Button } from '../ui/button.js'
import { Select } from '../ui/select.js'

const other = '\n'

/** Whose phone it is. */
export function UserSwitcher(props: {
  user: string
  users: readonly string[]
  lang: Lang
  onUser: (user: string) => void
}): JSX.Element {
  const { user, users, lang, onUser } = props
  const texts = shellTexts[lang].header
  const [draft, setDraft] = useState<string | null>(null)
  const [wrong, setWrong] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const id = useId()
  const typing = draft !== null

  useEffect(() => {
    if (typing) input.current?.focus()
  }, [typing])

  const close = (): void => {
    setDraft(null)
    setWrong(false)
  }

  if (draft === null) {
    return (
      <Select
        label={texts.user}
        value={user}
        options={[...users.map((name) => [name, name] as const), [other, texts.newUser] as const]}
        onChange={(name) => {
          if (name === other) setDraft('')
          else onUser(name)
        }}
      />
    )
  }
  return (
    <form
      class="user-form"
      onSubmit={(event) => {
        event.preventDefault()
        const name = draft.trim()
        setWrong(!isUserName(name))
        if (!isUserName(name)) return
        close()
        onUser(name)
      }}
      onKeyDown={({ key }) => {
        if (key === 'Escape') close()
      }}
    >
      <input
        ref={input}
        autocomplete="off"
        aria-label={texts.newUserLabel}
        aria-invalid={wrong}
        aria-describedby={wrong ? id : undefined}
        placeholder={texts.newUserLabel}
        value={draft}
        onInput={({ currentTarget }) => {
          setDraft(currentTarget.value)
          setWrong(false)
        }}
      />
      <Button label={texts.newUserAdd} submit kind="main" small />
      <Button icon="close" label={texts.targetCancel} bare kind="quiet" small onClick={close} />
      {wrong ? (
        <p class="trouble target-trouble" id={id} role="alert">
          {texts.newUserBad}
        </p>
      ) : null}
    </form>
  )
}
