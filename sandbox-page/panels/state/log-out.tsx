import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { panelTexts } from '../../i18n/panels.js'
import { Button } from '../../ui/button.js'
import type { PanelProps } from '../panel-props.js'
import { Trouble } from '../parts/trouble.js'
import { useAction } from '../parts/use-action.js'

/** Ends all sessions of the user, as another device of theirs would; the phone finds out by itself. */
export function LogOut({ api, target, user, status, lang }: PanelProps): JSX.Element | null {
  const texts = panelTexts[lang].state
  const { error, run } = useAction()
  const [said, setSaid] = useState<string>()
  const token = status?.session?.token
  useEffect(() => {
    setSaid(undefined)
  }, [token, user])
  if (token === undefined || target === null) return null

  function logOut(to: string): void {
    run(async () => {
      const body = { everywhere: true }
      const request = { target: to, path: '/wx/logout', method: 'POST', user, token, body }
      const reply = await api.relay(request)
      setSaid(reply.status === 204 ? texts.loggedOut : texts.logoutFailed(reply.status))
    })
  }

  return (
    <div class="panel-action">
      <Button
        label={texts.logoutEverywhere}
        small
        onClick={() => {
          logOut(target)
        }}
      />
      <p class="panel-hint">{texts.logoutHint}</p>
      <p role="status">{said}</p>
      <Trouble error={error} lang={lang} />
    </div>
  )
}
