import type { JSX } from 'preact'
import { useCallback, useEffect, useState } from 'preact/hooks'
import { type Api, ApiError, messageOf, type SandboxConfig } from './api/index.js'
import { shellTexts } from './i18n/shell.js'
import { Bench } from './bench.js'
import { Banner } from './shell/banner.js'
import { Ribbon } from './shell/ribbon.js'
import { useSettings, useShownTheme } from './use-settings.js'
import { useFeed } from './wire/use-feed.js'

/** The whole page: says what it is at once, and shows the rest as soon as the sandbox told what there is. */
export function App({ api }: { api: Api }): JSX.Element {
  const [settings, change] = useSettings()
  const theme = useShownTheme(settings.theme)
  const [config, setConfig] = useState<SandboxConfig>()
  const [trouble, setTrouble] = useState<string | null>(null)
  const { feed, connected, change: changeFeed } = useFeed(api)
  const { lang } = settings
  const texts = shellTexts[lang]

  const ask = useCallback(async () => {
    try {
      setConfig(await api.config())
      setTrouble(null)
    } catch (error) {
      // Not there: the stream finds it again, and then this asks again.
      if (ApiError.is(error) && error.code === 'UNREACHABLE') return
      setTrouble(messageOf(error))
    }
  }, [api])

  useEffect(() => {
    // Another sandbox may be there by now, with another app and target.
    if (connected !== false) void ask()
  }, [connected, ask])

  return (
    <>
      <Ribbon lang={lang} />
      {connected === false ? <Banner words={texts.banner.away} why={texts.banner.awayWhy} /> : null}
      {trouble === null ? null : <Banner words={texts.banner.failed} why={trouble} />}
      {config === undefined ? (
        <main class="wait">
          <p role="status">{texts.wait}</p>
        </main>
      ) : (
        <Bench {...{ api, config, settings, change, theme, feed, connected, changeFeed }} />
      )}
    </>
  )
}
