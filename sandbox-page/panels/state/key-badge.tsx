import type { JSX } from 'preact'
import type { SandboxState } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import type { PhoneStatus } from '../../phone-messages.js'
import { timeOfDay } from '../../i18n/time.js'
import { compareKeys } from './keys.js'

/** Whether the server can read what the phone encrypts, and why. */
export function KeyBadge(props: {
  state: SandboxState
  session: PhoneStatus['session']
  lang: Lang
}): JSX.Element {
  const { state, session, lang } = props
  const texts = panelTexts[lang].state
  const comparison = compareKeys(state, session)
  return (
    <div class="key-badge" data-keys={comparison} role="status">
      <strong class="key-badge-title">{texts[comparison]}</strong>
      <dl class="key-badge-keys">
        <div>
          <dt>{texts.phoneKey}</dt>
          <dd>
            <code>{state.keyId === null ? '–' : `#${state.keyId}`}</code>
            {state.keySince === null ? null : (
              <small>{texts.since(timeOfDay(state.keySince, lang))}</small>
            )}
          </dd>
        </div>
        <div>
          <dt>{texts.serverKey}</dt>
          <dd>
            <code>{session === null || session.keyId === null ? '–' : `#${session.keyId}`}</code>
          </dd>
        </div>
      </dl>
      <p>{texts[`${comparison}Why`]}</p>
    </div>
  )
}
