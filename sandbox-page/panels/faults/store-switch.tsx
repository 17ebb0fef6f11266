import type { JSX } from 'preact'
import { useId } from 'preact/hooks'
import type { StoreState, StoreView } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'

const states: readonly StoreState[] = ['up', 'down', 'silent']

/** How the store behaves. */
export function StoreSwitch(props: {
  view: StoreView
  lang: Lang
  onSwitch: (state: StoreState) => void
}): JSX.Element {
  const { view, lang, onSwitch } = props
  const texts = panelTexts[lang]
  const name = useId()
  if (view.kind === null) return <p class="panel-hint">{texts.state.noStore}</p>
  return (
    <fieldset class="store-switch">
      <legend class="panel-hint">{texts.state.storeOf[view.kind]}</legend>
      {states.map((state) => (
        <label key={state} class="choice">
          <input
            type="radio"
            name={name}
            value={state}
            checked={view.state === state}
            onChange={() => {
              onSwitch(state)
            }}
          />
          <span>{texts.faults.storeStates[state]}</span>
        </label>
      ))}
    </fieldset>
  )
}
