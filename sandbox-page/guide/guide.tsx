import type { JSX } from 'preact'
import type { WireParty } from '../../src/sandbox/wire/types.js'
import { parties } from '../api/index.js'
import { type GuideStep, guideTexts } from '../i18n/guide.js'
import type { Lang } from '../i18n/lang.js'
import { wireTexts } from '../i18n/wire.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { firstSteps, furtherSteps } from './progress.js'

/** The four parties, each in a sentence. */
export const Parties = ({ lang }: { lang: Lang }): JSX.Element => (
  <ul class="parties">
    {parties.map((party: WireParty) => (
      <li key={party} data-party={party}>
        <Icon name={party} />
        <strong>{wireTexts[lang].parties[party]}</strong>
        <span>{guideTexts[lang].parties[party]}</span>
      </li>
    ))}
  </ul>
)

/** A person's first minute: what there is, and what to do, ticked off as it is done. */
export function Guide(props: {
  lang: Lang
  done: ReadonlySet<GuideStep>
  /** Without what is said before anything happened. */
  compact: boolean
  onAction: (step: GuideStep) => void
  onHelp: () => void
  onClose: () => void
}): JSX.Element {
  const { lang, done, compact, onAction } = props
  const texts = guideTexts[lang]
  const list = (steps: readonly GuideStep[]): JSX.Element => (
    <ol class="guide-steps">
      {steps.map((step) => (
        <li key={step} data-done={done.has(step) || undefined} data-step={step}>
          <span class="guide-tick">{done.has(step) ? <Icon name="check" /> : null}</span>
          <span>
            {texts.steps[step]}
            {done.has(step) ? <span class="unseen"> ({texts.done})</span> : null}
          </span>
          {texts.actions[step] === null || done.has(step) ? null : (
            <Button
              label={texts.actions[step]}
              small
              kind="quiet"
              onClick={() => {
                onAction(step)
              }}
            />
          )}
        </li>
      ))}
    </ol>
  )
  return (
    <section class="guide" aria-label={texts.title} data-compact={compact || undefined}>
      <header class="guide-head">
        <h2>{texts.title}</h2>
        <Button label={texts.own} small kind="quiet" onClick={props.onHelp} />
        <Button icon="close" label={texts.close} bare small kind="quiet" onClick={props.onClose} />
      </header>
      {compact ? null : (
        <>
          <p class="guide-lead">{texts.lead}</p>
          <Parties lang={lang} />
        </>
      )}
      <div class="guide-lists">
        <div>
          <h3>{texts.first}</h3>
          {list(firstSteps)}
        </div>
        <div>
          <h3>{texts.further}</h3>
          {list(furtherSteps)}
        </div>
      </div>
    </section>
  )
}
