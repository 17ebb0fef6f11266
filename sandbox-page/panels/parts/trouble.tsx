import type { JSX } from 'preact'
import { ApiError, messageOf } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'

/** What went wrong, in the sandbox' own words where it said something; nothing where nothing did. */
export function Trouble({ error, lang }: { error: unknown; lang: Lang }): JSX.Element | null {
  if (error === undefined) return null
  return (
    <p class="panel-trouble" role="alert">
      {words(error, lang)}
    </p>
  )
}

function words(error: unknown, lang: Lang): string {
  const { common } = panelTexts[lang]
  if (!ApiError.is(error)) return messageOf(error)
  if (error.code === 'UNREACHABLE') return common.unreachable
  if (error.code === 'NO_SENSE') return `${common.noSense} (${error.message})`
  return error.message
}
