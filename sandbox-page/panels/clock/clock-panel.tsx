import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { panelTexts } from '../../i18n/panels.js'
import { Button } from '../../ui/button.js'
import { useTick } from '../../ui/use-tick.js'
import type { PanelProps } from '../panel-props.js'
import { duration, moment } from '../../i18n/time.js'
import { Section } from '../parts/section.js'
import { Trouble } from '../parts/trouble.js'
import { useAction } from '../parts/use-action.js'
import { useLive } from '../parts/use-live.js'
import { OwnJump } from './own-jump.js'

const jumps = {
  minutes: 5 * 60_000,
  hours: 2 * 3_600_000,
  days: 30 * 86_400_000,
} as const

/** Less than this is the way of the answer here, not a clock that was moved. */
const tolerance = 1500

/** The sandbox' clock, and moving it on. */
export function ClockPanel({ api, lang, messages, connected }: PanelProps): JSX.Element {
  const texts = panelTexts[lang].clock
  const lead = useLive(async () => (await api.clock.now()) - Date.now(), '', [messages, connected])
  const { error, run } = useAction()
  const [moved, setMoved] = useState<number>()
  const now = useTick()

  const advance = (ms: number): void => {
    run(async () => {
      lead.set((await api.clock.advance(ms)) - Date.now())
      setMoved(ms)
    })
  }

  return (
    <div class="panel">
      <Section title={texts.now}>
        <Trouble error={connected ? lead.error : undefined} lang={lang} />
        {lead.value === undefined ? null : (
          <p class="clock">
            <time class="clock-time" dateTime={new Date(now + lead.value).toISOString()}>
              {moment(now + lead.value, lang)}
            </time>
            <small>
              {Math.abs(lead.value) < tolerance
                ? texts.inStep
                : texts.ahead(duration(lead.value, lang))}
            </small>
          </p>
        )}
      </Section>
      <Section title={texts.forward}>
        <div class="jumps">
          {(Object.keys(jumps) as (keyof typeof jumps)[]).map((name) => (
            <Button
              key={name}
              label={texts.jumps[name]}
              onClick={() => {
                advance(jumps[name])
              }}
            >
              <small>{texts.jumpHints[name]}</small>
            </Button>
          ))}
        </div>
        <OwnJump lang={lang} onJump={advance} />
        <p role="status">{moved === undefined ? null : texts.moved(duration(moved, lang))}</p>
        <Trouble error={error} lang={lang} />
      </Section>
      <p class="panel-hint">{texts.note}</p>
    </div>
  )
}
