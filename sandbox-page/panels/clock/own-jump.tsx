import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import { Button } from '../../ui/button.js'

const units = { seconds: 1000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const
type Unit = keyof typeof units

/** Moving the clock by any amount. */
export function OwnJump(props: { lang: Lang; onJump: (ms: number) => void }): JSX.Element {
  const { lang, onJump } = props
  const texts = panelTexts[lang].clock
  const [amount, setAmount] = useState('10')
  const [unit, setUnit] = useState<Unit>('minutes')
  const [wrong, setWrong] = useState(false)

  return (
    <form
      class="own-jump"
      aria-label={texts.own}
      onSubmit={(event) => {
        event.preventDefault()
        const ms = Math.round(Number(amount) * units[unit])
        const good = Number.isSafeInteger(ms) && ms > 0
        setWrong(!good)
        if (good) onJump(ms)
      }}
    >
      <label class="field">
        <span>{texts.amount}</span>
        <input
          inputMode="decimal"
          value={amount}
          aria-invalid={wrong}
          onInput={({ currentTarget }) => {
            setAmount(currentTarget.value)
          }}
        />
      </label>
      <label class="field">
        <span>{texts.unit}</span>
        <select
          value={unit}
          onChange={({ currentTarget }) => {
            setUnit(currentTarget.value as Unit)
          }}
        >
          {(Object.keys(units) as Unit[]).map((name) => (
            <option key={name} value={name}>
              {texts.units[name]}
            </option>
          ))}
        </select>
      </label>
      <Button label={texts.go} kind="main" submit />
      {wrong ? (
        <p class="panel-trouble" role="alert">
          {texts.badAmount}
        </p>
      ) : null}
    </form>
  )
}
