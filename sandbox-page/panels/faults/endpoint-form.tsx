import type { JSX } from 'preact'
import { useId, useState } from 'preact/hooks'
import type { FaultOrder, SandboxConfig } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import { Button } from '../../ui/button.js'
import { duration } from '../../i18n/time.js'
import { shortName } from './describe.js'
import { ErrcodeField } from './errcode-field.js'
import { type Effect, emptyDraft, type FaultDraft, orderOf } from './sensible.js'

const effects: readonly Effect[] = ['errcode', 'status', 'broken', 'before', 'after', 'slow']

/** One endpoint: what it is to do wrong. */
export function EndpointForm(props: {
  endpoint: string
  /** Faults of it that are in force. */
  inForce: number
  errcodes: SandboxConfig['errcodes']
  lang: Lang
  open: boolean
  onOrder: (fault: FaultOrder) => void
}): JSX.Element {
  const { endpoint, inForce, errcodes, lang, open, onOrder } = props
  const texts = panelTexts[lang].faults
  const id = useId()
  const [draft, setDraft] = useState(() => emptyDraft(endpoint))
  const change = (part: Partial<FaultDraft>): void => {
    setDraft((before) => ({ ...before, ...part }))
  }
  const { effect, status, times, delayMs } = draft

  return (
    <details class="fault-endpoint" open={open}>
      <summary>
        <code>{shortName(endpoint)}</code>
        {inForce > 0 ? <span class="panel-count">{texts.inForce(inForce)}</span> : null}
      </summary>
      <form
        class="fault-form"
        aria-label={endpoint}
        onSubmit={(event) => {
          event.preventDefault()
          onOrder(orderOf(endpoint, draft))
        }}
      >
        <label class="field field-wide">
          <span>{texts.effect}</span>
          <select
            value={effect}
            onChange={({ currentTarget }) => {
              change({ effect: currentTarget.value as Effect })
            }}
          >
            {effects.map((name) => (
              <option key={name} value={name}>
                {texts.effects[name]}
              </option>
            ))}
          </select>
        </label>
        {effect === 'errcode' ? (
          <ErrcodeField
            {...{ endpoint, errcodes, lang }}
            value={draft.errcode}
            onChange={(errcode) => {
              change({ errcode })
            }}
          />
        ) : null}
        {effect === 'status' ? (
          <label class="field">
            <span>{texts.status}</span>
            <input
              inputMode="numeric"
              value={status}
              onInput={({ currentTarget }) => {
                change({ status: currentTarget.value })
              }}
            />
          </label>
        ) : null}
        <div class="field">
          <label for={`${id}-times`}>{texts.times}</label>
          <input
            id={`${id}-times`}
            inputMode="numeric"
            aria-describedby={`${id}-hint`}
            value={times}
            onInput={({ currentTarget }) => {
              change({ times: currentTarget.value })
            }}
          />
          <small id={`${id}-hint`}>{texts.timesHint}</small>
        </div>
        <div class="field field-wide">
          <label for={`${id}-latency`}>{texts.latency}</label>
          <span class="latency">
            <input
              id={`${id}-latency`}
              type="range"
              min="0"
              max="10000"
              step="250"
              value={delayMs}
              aria-valuetext={duration(delayMs, lang)}
              onInput={({ currentTarget }) => {
                change({ delayMs: Number(currentTarget.value) })
              }}
            />
            <output for={`${id}-latency`}>{duration(delayMs, lang)}</output>
          </span>
        </div>
        <Button label={texts.order} kind="main" submit />
      </form>
    </details>
  )
}
