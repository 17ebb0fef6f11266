import type { JSX } from 'preact'
import type { Scenario, ScenarioCheck } from '../../../src/sandbox/scenarios/types.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import { Button } from '../../ui/button.js'
import { Trouble } from '../parts/trouble.js'
import type { Run } from './runner.js'

/** How a scenario stands. */
export type Standing = 'waiting' | 'running' | 'passed' | 'failed' | 'skipped' | 'aborted'

const marks: Readonly<Record<Standing, string>> = {
  waiting: '·',
  running: '…',
  passed: '✓',
  failed: '✗',
  skipped: '–',
  aborted: '–',
}

/** How a scenario stands, from what came of it. */
export function standingOf(run: Run | undefined): Standing {
  if (run === undefined) return 'waiting'
  if (run.error !== undefined) return 'failed'
  return run.result?.status ?? 'running'
}

/** One scenario: why, what was expected, what came. */
export function ScenarioItem(props: {
  scenario: Scenario
  run: Run | undefined
  lang: Lang
  disabled: boolean
  onRun: () => void
  /** Shows what it sent; undefined where the wire cannot. */
  onShow: (() => void) | undefined
}): JSX.Element {
  const { scenario, run, lang, disabled, onRun, onShow } = props
  const texts = panelTexts[lang].scenarios
  const standing = standingOf(run)
  const title = scenario.title[lang]
  return (
    <li class="scenario" data-standing={standing} data-scenario={scenario.id}>
      <details>
        <summary>
          <span class="scenario-mark" aria-hidden="true">
            {marks[standing]}
          </span>
          <span class="scenario-title">{title}</span>
          <span class="scenario-standing">{texts.standings[standing]}</span>
        </summary>
        <div class="scenario-body">
          <p class="panel-hint">{scenario.why[lang]}</p>
          {run?.result?.reason ? <p class="panel-warning">{run.result.reason[lang]}</p> : null}
          <Trouble error={run?.error} lang={lang} />
          {run === undefined || run.checks.length === 0 ? null : (
            <ul class="checks">
              {run.checks.map((check, at) => (
                <Check key={at} check={check} lang={lang} />
              ))}
            </ul>
          )}
          {onShow === undefined || run === undefined || run.users.length === 0 ? null : (
            <Button label={texts.show} icon="wire" small onClick={onShow} />
          )}
        </div>
      </details>
      <Button
        label={texts.run(title)}
        icon="play"
        bare
        kind="quiet"
        disabled={disabled}
        onClick={onRun}
      />
    </li>
  )
}

function Check({ check, lang }: { check: ScenarioCheck; lang: Lang }): JSX.Element {
  const texts = panelTexts[lang].scenarios
  const { what, expected, actual, ok } = check
  return (
    <li class="check" data-ok={ok}>
      <p>
        <span class="scenario-mark" role="img" aria-label={ok ? texts.passed : texts.failed}>
          {ok ? '✓' : '✗'}
        </span>{' '}
        {what[lang]}
      </p>
      <dl class="panel-facts">
        <dt>{texts.expected}</dt>
        <dd>{expected[lang]}</dd>
        <dt>{texts.actual}</dt>
        <dd>{actual[lang]}</dd>
      </dl>
    </li>
  )
}
