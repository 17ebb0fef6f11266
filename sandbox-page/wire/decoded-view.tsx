import type { JSX } from 'preact'
import type { WireDecoded } from '../../src/sandbox/wire/types.js'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { Badge } from '../ui/badge.js'
import { Icon } from '../ui/icon.js'
import { Secret } from './secret.js'

/** What was taken apart, step by step. */
export function DecodedView(props: {
  decoded: readonly WireDecoded[]
  lang: Lang
  reveal: (field: string) => Promise<unknown>
}): JSX.Element {
  const { decoded, lang, reveal } = props
  const texts = wireTexts[lang].inspector
  if (decoded.length === 0) return <p class="hint">{texts.nothingDecoded}</p>
  return (
    <>
      {decoded.map(({ kind, ok, steps }, item) => (
        <section key={item} class="decoded" data-ok={ok === null ? 'unknown' : String(ok)}>
          <header>
            <h4>{texts.decodedKinds[kind]}</h4>
            <Badge mood={ok === null ? 'plain' : ok ? 'good' : 'bad'}>
              {ok === null ? null : <Icon name={ok ? 'check' : 'close'} />}
              {ok === null ? texts.unknown : ok ? texts.holds : texts.fails}
            </Badge>
          </header>
          <ol>
            {steps.map(({ label, value, secret }, step) => (
              <li key={step}>
                <span class="decoded-label">{label[lang]}</span>
                {secret ? (
                  <code>
                    <Secret
                      mask={value}
                      name={label[lang]}
                      lang={lang}
                      reveal={() => reveal(`${String(item)}.${String(step)}`)}
                    />
                  </code>
                ) : (
                  <code>{value}</code>
                )}
              </li>
            ))}
          </ol>
        </section>
      ))}
    </>
  )
}
