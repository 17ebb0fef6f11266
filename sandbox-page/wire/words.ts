import type { SandboxConfig, WireMessage } from '../../src/sandbox/wire/types.js'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { wentWrong } from './filter.js'

type Errcodes = SandboxConfig['errcodes']

/** What the answer's errcode means; empty for a success and for one nobody has words for. */
export const meaningOf = ({ errcode }: WireMessage, errcodes: Errcodes, lang: Lang): string =>
  errcode === null || errcode === 0 ? '' : (errcodes[String(errcode)]?.[lang] ?? '')

/** How an exchange went, in parts: `connection cut`, `errcode 45011`, `WX_STALE_KEY`. */
function outcomeWords(message: WireMessage, lang: Lang): string[] {
  const texts = wireTexts[lang]
  const { outcome, errcode, error } = message
  return [
    ...(outcome === 'answered' ? [] : [texts.outcomes[outcome]]),
    ...(errcode === null || errcode === 0 ? [] : [texts.errcode(errcode)]),
    ...(error === null ? [] : [error]),
  ]
}

/** An exchange in a sentence, for who does not see the drawing. */
export function sentence(
  message: WireMessage,
  inside: number,
  errcodes: Errcodes,
  lang: Lang,
  times = 1,
): string {
  const texts = wireTexts[lang]
  const { from, to, title, status, ms, user, fault } = message
  const meaning = meaningOf(message, errcodes, lang)
  const parts = [
    `${texts.parties[from]} → ${texts.parties[to]}: ${title}${times === 1 ? '' : ` ×${String(times)}`}`,
    ...(status === null ? [] : [String(status)]),
    ...outcomeWords(message, lang),
    ...(meaning === '' ? [] : [meaning]),
    ...(fault === null ? [] : [`${texts.fault}: ${fault}`]),
    ...(ms === null ? [] : [texts.ms(ms)]),
    ...(user === null ? [] : [user]),
    ...(inside === 0 ? [] : [texts.contains(inside)]),
  ]
  return parts.join(', ')
}

/** How the drawing of it is to look. */
export function moodOf(message: WireMessage): 'open' | 'bad' | 'good' | 'gone' {
  const { outcome, fault, status, errcode, error } = message
  if (outcome === 'open') return 'open'
  if (outcome === 'gone') return 'gone'
  // Only slow: nothing failed.
  if (fault !== null && outcome === 'answered') {
    return (status ?? 200) >= 400 || (errcode ?? 0) !== 0 || error !== null ? 'bad' : 'good'
  }
  return wentWrong(message) ? 'bad' : 'good'
}
