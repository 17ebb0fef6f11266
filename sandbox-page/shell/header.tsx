import type { JSX } from 'preact'
import type { SandboxConfig } from '../api/index.js'
import { type Lang, langNames } from '../i18n/lang.js'
import { shellTexts } from '../i18n/shell.js'
import type { Settings, Theme } from '../settings.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { Select } from '../ui/select.js'
import type { TargetState } from './check-target.js'
import { TargetField } from './target-field.js'
import { UserSwitcher } from './user-switcher.js'

/** What it is, which server, whose phone, which language and colours. */
export function Header(props: {
  config: SandboxConfig
  settings: Settings
  target: string | null
  targetState: TargetState
  change: (change: Partial<Settings>) => void
  onUser: (user: string) => void
  onHelp: () => void
}): JSX.Element {
  const { config, settings, target, targetState, change, onUser, onHelp } = props
  const { lang, theme, user, users, appid } = settings
  const texts = shellTexts[lang].header
  const themes = Object.entries(texts.themes) as [Theme, string][]
  const langs = Object.entries(langNames) as [Lang, string][]
  return (
    <section class="head" aria-label={texts.settings}>
      <span class="brand">
        <span class="brand-mark">
          <Icon name="wire" />
        </span>
        <span class="brand-name">{texts.brand}</span>
      </span>
      <TargetField
        {...{ target, lang }}
        state={targetState}
        onTarget={(target) => {
          change({ target: target === config.target ? null : target })
        }}
      />
      <UserSwitcher {...{ user, users, lang, onUser }} />
      {config.apps.length < 2 ? null : (
        <Select
          label={texts.app}
          value={appid ?? config.appid}
          options={config.apps.map((app) => [app.appid, app.appid] as const)}
          onChange={(appid) => {
            change({ appid: appid === config.appid ? null : appid })
          }}
        />
      )}
      <span class="head-gap" />
      <Select
        label={texts.lang}
        value={lang}
        options={langs}
        onChange={(lang) => {
          change({ lang })
        }}
      />
      <Select
        label={texts.theme}
        value={theme}
        options={themes}
        onChange={(theme) => {
          change({ theme })
        }}
      />
      <Button icon="help" label={texts.help} bare kind="quiet" onClick={onHelp} />
    </section>
  )
}
