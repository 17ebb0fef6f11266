/** Languages of the page. */
export type Lang = 'en' | 'zh'

/** What a language is called in itself. */
export const langNames: Readonly<Record<Lang, string>> = { en: 'English', zh: '中文' }

/** The language of a browser, as far as the page speaks it. */
export const langOf = (languages: readonly string[]): Lang =>
  languages
    .find((language) => /^(?:zh|en)\b/i.test(language))
    ?.toLowerCase()
    .startsWith('zh')
    ? 'zh'
    : 'en'
