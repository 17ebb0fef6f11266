import type { JSX } from 'preact'
import type { WireDetail } from '../../src/sandbox/wire/types.js'
import type { SandboxConfig } from '../api/index.js'
import { moment } from '../i18n/time.js'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { meaningOf } from './words.js'

/** When, how long, whom it concerns, what went wrong. */
export function Facts(props: {
  detail: WireDetail
  errcodes: SandboxConfig['errcodes']
  lang: Lang
}): JSX.Element {
  const { detail, errcodes, lang } = props
  const { time, ms, user, outcome, errcode, error, fault } = detail
  const all = wireTexts[lang]
  const texts = all.inspector
  const meaning = meaningOf(detail, errcodes, lang)
  const facts = [
    [texts.time, moment(time, lang)],
    [texts.took, ms === null ? null : all.ms(ms)],
    [texts.user, user],
    [
      texts.error,
      outcome === 'answered' || outcome === 'open' ? error : (error ?? all.outcomes[outcome]),
    ],
    [
      'errcode',
      errcode === null || errcode === 0
        ? null
        : `${String(errcode)}${meaning === '' ? '' : `: ${meaning}`}`,
    ],
    [all.fault, fault],
  ] as const
  return (
    <dl class="facts">
      {facts.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  )
}
