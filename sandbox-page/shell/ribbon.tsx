import type { JSX } from 'preact'
import { shellTexts } from '../i18n/shell.js'
import type { Lang } from '../i18n/lang.js'

/** Says on every page, always, that this is not WeChat. */
export const Ribbon = ({ lang }: { lang: Lang }): JSX.Element => (
  <header class="ribbon">
    <h1>
      <strong>{shellTexts[lang].ribbon}</strong> {shellTexts[lang].ribbonWhat}{' '}
      <span class="ribbon-why">{shellTexts[lang].ribbonWhy}</span>
    </h1>
  </header>
)
