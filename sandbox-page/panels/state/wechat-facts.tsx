import type { JSX } from 'preact'
import type { SandboxState } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'

/** What WeChat knows of the user. */
export function WeChatFacts({ state, lang }: { state: SandboxState; lang: Lang }): JSX.Element {
  const texts = panelTexts[lang].state
  const { openid, unionid, blocked, logins } = state
  return (
    <dl class="panel-facts">
      <dt>{texts.openid}</dt>
      <dd>
        <code>{openid}</code>
      </dd>
      <dt>{texts.unionid}</dt>
      <dd>{unionid === null ? texts.noUnionid : <code>{unionid}</code>}</dd>
      <dt>{texts.blocked}</dt>
      <dd>{blocked ? texts.isBlocked : texts.notBlocked}</dd>
      <dt>{texts.logins}</dt>
      <dd>{texts.of(logins.count, logins.limit)}</dd>
    </dl>
  )
}
