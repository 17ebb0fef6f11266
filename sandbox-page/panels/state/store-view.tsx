import type { JSX } from 'preact'
import type { StoreEntry, StoreView } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import { countdown } from '../../i18n/time.js'

/** More than a person reads. */
const most = 30

/** What the store of the server holds. */
export function StoreEntries({ view, lang }: { view: StoreView; lang: Lang }): JSX.Element {
  const { state: texts } = panelTexts[lang]
  if (view.kind === null) return <p class="panel-hint">{texts.noStore}</p>
  const { state } = view
  return (
    <>
      <p class="panel-hint">
        {texts.storeOf[view.kind]}
        {state === 'up' ? ` · ${texts.entries(view.entries.length)}` : ''}
      </p>
      {state === 'up' ? null : <p class="panel-warning">{texts.storeAway[state]}</p>}
      {view.entries.length === 0 && state === 'up' ? <p>{texts.storeEmpty}</p> : null}
      <ul class="store-entries">
        {view.entries.slice(0, most).map((entry) => (
          <Entry key={entry.key} entry={entry} lang={lang} />
        ))}
      </ul>
      {view.entries.length > most ? (
        <p class="panel-hint">{texts.more(view.entries.length - most)}</p>
      ) : null}
    </>
  )
}

function Entry({ entry, lang }: { entry: StoreEntry; lang: Lang }): JSX.Element {
  const { common } = panelTexts[lang]
  const { key, type, expiresIn, value } = entry
  return (
    <li>
      <details>
        <summary>
          <code>{key}</code>
          <small>
            {type} ·{' '}
            {expiresIn === null ? common.never : common.left(countdown(expiresIn * 1000, lang))}
          </small>
        </summary>
        <pre tabIndex={0}>{typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</pre>
      </details>
    </li>
  )
}
