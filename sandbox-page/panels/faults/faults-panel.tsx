import type { JSX } from 'preact'
import type { FaultOrder } from '../../api/index.js'
import { panelTexts } from '../../i18n/panels.js'
import { Button } from '../../ui/button.js'
import type { PanelProps } from '../panel-props.js'
import { Section } from '../parts/section.js'
import { Trouble } from '../parts/trouble.js'
import { useAction } from '../parts/use-action.js'
import { useLive } from '../parts/use-live.js'
import { ActiveFaults } from './active-faults.js'
import { EndpointForm } from './endpoint-form.js'
import { presets } from './sensible.js'
import { StoreSwitch } from './store-switch.js'

/** What goes wrong, ordered here. */
export function FaultsPanel({ api, config, lang, messages, connected }: PanelProps): JSX.Element {
  const texts = panelTexts[lang].faults
  const signals = [messages, connected]
  const faults = useLive(api.faults.list, '', signals)
  const store = useLive(api.store.view, '', signals)
  const { error, run } = useAction()
  const active = faults.value ?? []

  const order = (fault: FaultOrder): void => {
    run(async () => {
      faults.set(await api.faults.add(fault))
    })
  }

  return (
    <div class="panel">
      <p class="panel-hint">{texts.intro}</p>
      <Trouble error={error ?? (connected ? faults.error : undefined)} lang={lang} />
      <Section
        title={texts.active}
        aside={
          active.length === 0 ? null : (
            <Button
              label={texts.clearAll}
              small
              onClick={() => {
                run(async () => {
                  faults.set(await api.faults.clear())
                })
              }}
            />
          )
        }
      >
        <div aria-live="polite">
          <ActiveFaults
            {...{ faults: active, lang }}
            onRemove={(fault) => {
              run(async () => {
                faults.set(await api.faults.remove(fault))
              })
            }}
          />
        </div>
      </Section>
      <Section title={texts.presets}>
        <div class="presets">
          {(Object.keys(presets) as (keyof typeof presets)[]).map((name) => (
            <Button
              key={name}
              label={texts.preset[name]}
              small
              onClick={() => {
                order(presets[name])
              }}
            />
          ))}
        </div>
      </Section>
      <Section title={texts.endpoints}>
        {config.endpoints.map((endpoint, at) => (
          <EndpointForm
            key={endpoint}
            {...{ endpoint, lang }}
            errcodes={config.errcodes}
            inForce={active.filter((fault) => fault.endpoint === endpoint).length}
            open={at === 0}
            onOrder={order}
          />
        ))}
      </Section>
      <Section title={texts.store}>
        <Trouble error={connected ? store.error : undefined} lang={lang} />
        {store.value === undefined ? null : (
          <StoreSwitch
            {...{ view: store.value, lang }}
            onSwitch={(state) => {
              run(async () => {
                store.set(await api.store.set(state))
              })
            }}
          />
        )}
      </Section>
    </div>
  )
}
