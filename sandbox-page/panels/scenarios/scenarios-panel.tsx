import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { scenarios } from '../../../src/sandbox/scenarios/index.js'
import { panelTexts } from '../../i18n/panels.js'
import { Button } from '../../ui/button.js'
import { Switch } from '../../ui/switch.js'
import type { PanelProps } from '../panel-props.js'
import { ScenarioItem, standingOf } from './scenario-item.js'
import { useRunner } from './use-runner.js'

/** Situations to play against the server, and whether it did what it should. */
export function ScenariosPanel(props: PanelProps): JSX.Element {
  const { lang, target, appid, connected, onShowOnly } = props
  const texts = panelTexts[lang].scenarios
  const { runner, runs } = useRunner(target === null ? null : { target, appid })
  const running = runs.current !== null
  const [onlyIts, setOnlyIts] = useState(true)
  const its = runs.current === null ? undefined : runs.byId.get(runs.current)?.users

  useEffect(() => {
    if (onlyIts && its !== undefined) onShowOnly?.(its)
  }, [onlyIts, its])

  const standings = scenarios.map(({ id }) => standingOf(runs.byId.get(id)))
  const count = (wanted: string): number => standings.filter((one) => one === wanted).length
  const done = count('passed') + count('failed') + count('skipped')

  return (
    <div class="panel">
      <p class="panel-hint">{texts.intro}</p>
      {target === null ? <p class="panel-warning">{texts.noTarget}</p> : null}
      <div class="scenarios-bar">
        {running ? (
          <Button
            label={texts.stop}
            onClick={() => {
              runner.stop()
            }}
          />
        ) : (
          <Button
            label={texts.runAll}
            kind="main"
            icon="play"
            disabled={target === null || !connected}
            onClick={() => {
              runner.start(scenarios.map(({ id }) => id))
            }}
          />
        )}
        <p class="scenarios-summary" role="status">
          {done === 0 ? null : (
            <strong data-all={count('failed') === 0}>
              {texts.summary(count('passed'), scenarios.length)}
            </strong>
          )}
          {count('skipped') > 0 ? <small>{texts.skippedCount(count('skipped'))}</small> : null}
          {running ? <small>{texts.progress(runs.at, runs.of)}</small> : null}
        </p>
      </div>
      {running ? <progress value={runs.at - 1} max={runs.of} aria-label={texts.running} /> : null}
      {onShowOnly === undefined ? null : (
        <Switch label={texts.onlyItsUsers} on={onlyIts} onChange={setOnlyIts} />
      )}
      <ol class="scenarios">
        {scenarios.map((scenario) => (
          <ScenarioItem
            key={scenario.id}
            {...{ scenario, lang }}
            run={runs.byId.get(scenario.id)}
            disabled={target === null || !connected}
            onRun={() => {
              runner.start([scenario.id])
            }}
            onShow={
              onShowOnly &&
              (() => {
                onShowOnly(runs.byId.get(scenario.id)?.users ?? null)
              })
            }
          />
        ))}
      </ol>
    </div>
  )
}
