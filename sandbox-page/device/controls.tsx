import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { phoneTexts } from '../i18n/phone.js'
import type { Lang } from '../i18n/lang.js'
import type { PhoneStatus, ToPhone } from '../phone-messages.js'
import { Button } from '../ui/button.js'
import { Switch } from '../ui/switch.js'

const backgroundMs = 5000

/** What is done with a phone from outside of the mini program. */
export function Controls(props: {
  status: PhoneStatus | null
  lang: Lang
  send: (message: ToPhone) => void
}): JSX.Element {
  const { status, lang, send } = props
  const texts = phoneTexts[lang]
  const [done, setDone] = useState('')
  const off = status === null
  const running = status?.running ?? false
  return (
    <div class="phone-controls" role="group" aria-label={texts.controls}>
      <Button
        icon={running ? 'kill' : 'reopen'}
        label={running ? texts.kill : texts.reopen}
        small
        disabled={off}
        onClick={() => {
          setDone('')
          send({ type: running ? 'kill' : 'reopen' })
        }}
      />
      <Button
        icon="background"
        label={status?.background ? texts.inBackground : texts.background}
        small
        disabled={!running || status?.background === true}
        onClick={() => {
          setDone('')
          send({ type: 'background', ms: backgroundMs })
        }}
      />
      <Button
        icon="clear"
        label={texts.clear}
        small
        disabled={off}
        onClick={() => {
          send({ type: 'clear-storage' })
          setDone(texts.cleared)
        }}
      />
      <Switch
        label={texts.airplane}
        on={status?.network === 'offline'}
        disabled={off}
        onChange={(on) => {
          send({ type: 'network', network: on ? 'offline' : 'online' })
        }}
      />
      <Switch
        label={texts.silent}
        title={texts.silentHint}
        on={status?.network === 'silent'}
        disabled={off}
        onChange={(on) => {
          send({ type: 'network', network: on ? 'silent' : 'online' })
        }}
      />
      <Switch
        label={texts.privacy}
        on={status?.privacyAgreed ?? false}
        disabled={off}
        onChange={(agreed) => {
          send({ type: 'privacy', agreed })
        }}
      />
      <p class="hint" role="status">
        {done}
      </p>
    </div>
  )
}
