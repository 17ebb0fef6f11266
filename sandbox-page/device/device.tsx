import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { phoneTexts } from '../i18n/phone.js'
import type { Lang } from '../i18n/lang.js'
import type { PhoneStatus } from '../phone-messages.js'
import { Icon } from '../ui/icon.js'
import { Controls } from './controls.js'
import { StatusBar } from './status-bar.js'
import { usePhone } from './use-phone.js'

/** A phone with the mini program, and what can be done with it. */
export function Device(props: {
  user: string
  appid: string
  target: string | null
  lang: Lang
  theme: 'light' | 'dark'
  onStatus: (status: PhoneStatus | null) => void
}): JSX.Element {
  const { user, appid, target, lang, theme, onStatus } = props
  const texts = phoneTexts[lang]
  // As it is when the frame is loaded; later the phone is told.
  const first = useRef({ theme, privacy: 'ask' })
  const address =
    target === null
      ? null
      : `/__sandbox/phone/?${new URLSearchParams({ user, appid, target, lang, ...first.current }).toString()}`
  const { frame, status, error, send } = usePhone(address)

  useEffect(() => {
    onStatus(status)
  }, [status])
  useEffect(() => {
    first.current = { ...first.current, theme }
    if (status) send({ type: 'theme', theme })
  }, [theme, status === null])

  return (
    <div class="phone">
      <div class="device" data-theme={theme}>
        <StatusBar network={status?.network ?? 'online'} />
        <div class="device-screen">
          {address === null ? (
            <div class="device-empty">
              <Icon name="server" />
              <p class="device-empty-title">{texts.noTarget}</p>
              <p>{texts.noTargetWhy}</p>
            </div>
          ) : (
            <iframe key={address} ref={frame} src={address} title={texts.title} />
          )}
        </div>
        <div class="home-indicator" aria-hidden="true" />
      </div>
      {error === null ? null : (
        <p class="trouble" role="alert">
          {texts.crashed} {error}
        </p>
      )}
      <Controls {...{ status, lang, send }} />
    </div>
  )
}
