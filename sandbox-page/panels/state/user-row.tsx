import type { JSX } from 'preact'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import type { PhoneStatus } from '../../phone-messages.js'

/** The user's row in the server's table where the sandbox sees it, else what the login's answer had of it. */
export function UserRow(props: {
  row: Record<string, unknown> | null
  session: PhoneStatus['session']
  lang: Lang
}): JSX.Element {
  const { row, session, lang } = props
  const texts = panelTexts[lang].state
  const user = row ?? session?.user ?? null
  if (user === null) return <p class="panel-hint">{texts.noRow}</p>
  return (
    <>
      <p class="panel-hint">{row === null ? texts.fromLogin : texts.fromTable}</p>
      {typeof user === 'object' && !Array.isArray(user) ? (
        <dl class="panel-facts user-row">
          {Object.entries(user).map(([name, value]) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name}=`}>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>,
          ])}
        </dl>
      ) : (
        <pre tabIndex={0}>{JSON.stringify(user, null, 2)}</pre>
      )}
    </>
  )
}
