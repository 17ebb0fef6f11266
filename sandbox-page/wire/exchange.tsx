import type { JSX } from 'preact'
import type { SandboxConfig } from '../api/index.js'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { Badge } from '../ui/badge.js'
import { memo } from '../ui/memo.js'
import { columns, type Exchange, flatten, sameExchange } from './layout.js'
import { meaningOf, moodOf, sentence } from './words.js'

export interface ExchangeProps {
  exchange: Exchange
  errcodes: SandboxConfig['errcodes']
  lang: Lang
  /** Id of the one that the inspector shows; null for none. */
  selected: number | null
  onSelect: (id: number) => void
}

/** Where an arrow is, for the styles. */
function place({ message: { from, to } }: Exchange): Record<string, string> {
  const [a, b] = [columns[from], columns[to]]
  return {
    '--left': String(Math.min(a, b)),
    '--span': String(Math.abs(a - b)),
    '--callee': String(b),
  }
}

function RequestArrow({ exchange, lang }: { exchange: Exchange; lang: Lang }): JSX.Element {
  const { from, to, title, ms, outcome } = exchange.message
  return (
    <span class="arrow arrow-request" data-to={columns[from] < columns[to] ? 'right' : 'left'}>
      <span class="arrow-words">
        <span class="arrow-title">{title}</span>
        {exchange.times === 1 ? null : <Badge>×{exchange.times}</Badge>}
        {to === 'redis' && ms !== null && outcome === 'answered' ? (
          <span class="arrow-ms">{wireTexts[lang].ms(ms)}</span>
        ) : null}
      </span>
      <span class="arrow-line" />
    </span>
  )
}

function AnswerArrow(props: {
  exchange: Exchange
  errcodes: SandboxConfig['errcodes']
  lang: Lang
}): JSX.Element {
  const { exchange, errcodes, lang } = props
  const { from, to, outcome, status, errcode, error, ms, fault } = exchange.message
  const texts = wireTexts[lang]
  const mood = moodOf(exchange.message)
  const meaning = meaningOf(exchange.message, errcodes, lang)
  const failed = errcode !== null && errcode !== 0
  return (
    <span class="arrow arrow-answer" data-to={columns[from] < columns[to] ? 'left' : 'right'}>
      <span class="arrow-words">
        {status === null ? null : (
          <Badge mood={status >= 400 ? 'bad' : failed ? 'plain' : 'good'}>{status}</Badge>
        )}
        {outcome === 'answered' ? null : (
          <Badge mood={mood === 'bad' ? 'bad' : 'plain'}>{texts.outcomes[outcome]}</Badge>
        )}
        {failed ? <Badge mood="bad">{errcode}</Badge> : null}
        {error === null ? null : <span class="arrow-error">{error}</span>}
        {meaning === '' ? null : <span class="arrow-error">{meaning}</span>}
        {fault === null ? null : <Badge mood="warn">{texts.fault}</Badge>}
        {ms === null ? null : <span class="arrow-ms">{texts.ms(ms)}</span>}
      </span>
      <span class="arrow-line" />
    </span>
  )
}

const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** One exchange: the arrow of the request, what happened meanwhile, the arrow of the answer. */
export const ExchangeItem = memo<ExchangeProps>(
  function ExchangeItem(props): JSX.Element {
    const { exchange, errcodes, lang, selected, onSelect } = props
    const { message, inside } = exchange
    const { id, from, to, user } = message
    const answer = <AnswerArrow {...{ exchange, errcodes, lang }} />
    const select = (): void => {
      onSelect(id)
    }
    return (
      <li
        class="exchange"
        style={place(exchange)}
        data-mood={moodOf(message)}
        data-callee={to}
        data-quiet={to === 'redis' || undefined}
        data-dashed={(from === 'phone' && to === 'wechat') || undefined}
        data-outer={inside.length > 0 || undefined}
        data-selected={id === selected || undefined}
      >
        <span class="exchange-meta" aria-hidden="true">
          <span>{time.format(message.time)}</span>
          {user === null ? null : <span class="exchange-user">{user}</span>}
        </span>
        <button
          type="button"
          class="exchange-button"
          data-id={id}
          aria-current={id === selected ? 'true' : undefined}
          // One stop for the Tab key; the arrow keys go on from there.
          tabIndex={-1}
          onClick={select}
        >
          <span class="unseen">
            {sentence(message, flatten(inside).length, errcodes, lang, exchange.times)}
          </span>
          <span class="arrows" aria-hidden="true">
            <RequestArrow {...{ exchange, lang }} />
            {inside.length === 0 ? answer : null}
          </span>
        </button>
        {inside.length === 0 ? null : (
          <>
            <ol class="exchanges-inside">
              {inside.map((one) => (
                <ExchangeItem
                  key={one.message.id}
                  {...{ errcodes, lang, onSelect }}
                  exchange={one}
                  selected={holds(one, selected) ? selected : null}
                />
              ))}
            </ol>
            {/* The button above is the same for the keyboard. */}
            <div class="exchange-answer" aria-hidden="true" onClick={select}>
              {answer}
            </div>
          </>
        )}
        <span class="activation" aria-hidden="true" />
      </li>
    )
  },
  (before, after) =>
    sameExchange(before.exchange, after.exchange) &&
    before.selected === after.selected &&
    before.lang === after.lang &&
    before.errcodes === after.errcodes &&
    before.onSelect === after.onSelect,
)

/** Whether the one with this id is it, or inside of it. */
export const holds = ({ message, inside }: Exchange, id: number | null): boolean =>
  id !== null && (message.id === id || inside.some((one) => holds(one, id)))
