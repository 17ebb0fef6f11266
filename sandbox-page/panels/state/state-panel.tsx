import type { JSX } from 'preact'
import { panelTexts } from '../../i18n/panels.js'
import type { PanelProps } from '../panel-props.js'
import { Section } from '../parts/section.js'
import { Trouble } from '../parts/trouble.js'
import { useLive } from '../parts/use-live.js'
import { KeyBadge } from './key-badge.js'
import { Lives } from './lives.js'
import { LogOut } from './log-out.js'
import { StoreEntries } from './store-view.js'
import { UserRow } from './user-row.js'
import { WeChatFacts } from './wechat-facts.js'

/** What phone, server, WeChat and store have of the user just now. */
export function StatePanel(props: PanelProps): JSX.Element {
  const { api, user, appid, lang, messages, status, connected } = props
  const texts = panelTexts[lang].state
  const signals = [messages, status, connected]
  const state = useLive(
    async () => ({ state: await api.state(user, appid), told: Date.now() }),
    `${appid} ${user}`,
    signals,
  )
  const store = useLive(() => api.store.view(), '', signals)
  const row = useLive(() => api.users.row(user, appid), `${appid} ${user}`, signals)
  const session = status?.session ?? null
  const told = state.value

  return (
    <div class="panel">
      <Trouble error={connected ? state.error : undefined} lang={lang} />
      {told === undefined ? null : (
        <>
          <KeyBadge state={told.state} session={session} lang={lang} />
          <Section title={texts.lives}>
            <Lives {...told} session={session} lang={lang} />
            <LogOut {...props} />
          </Section>
          <Section title={texts.wechat}>
            <WeChatFacts state={told.state} lang={lang} />
          </Section>
        </>
      )}
      <Section title={texts.store}>
        <Trouble error={connected ? store.error : undefined} lang={lang} />
        {store.value === undefined ? null : <StoreEntries view={store.value} lang={lang} />}
      </Section>
      <Section title={texts.row}>
        <Trouble error={connected ? row.error : undefined} lang={lang} />
        <UserRow row={row.value ?? null} session={session} lang={lang} />
      </Section>
    </div>
  )
}
