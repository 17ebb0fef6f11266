import type { JSX } from 'preact'
import type { SandboxFault } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import { Button } from '../../ui/button.js'
import { describeFault } from './describe.js'

/** The faults in force, each to be taken back. */
export function ActiveFaults(props: {
  faults: readonly SandboxFault[]
  lang: Lang
  onRemove: (fault: SandboxFault) => void
}): JSX.Element {
  const { faults, lang, onRemove } = props
  const texts = panelTexts[lang].faults
  if (faults.length === 0) return <p class="panel-hint">{texts.noneActive}</p>
  return (
    <ul class="active-faults">
      {faults.map((fault, at) => {
        const words = describeFault(fault, lang)
        return (
          // Two that are the same may be in force: only their places tell them apart.
          <li key={`${String(at)} ${words}`}>
            <span>{words}</span>
            <Button
              label={texts.remove(words)}
              icon="close"
              bare
              kind="quiet"
              onClick={() => {
                onRemove(fault)
              }}
            />
          </li>
        )
      })}
    </ul>
  )
}
