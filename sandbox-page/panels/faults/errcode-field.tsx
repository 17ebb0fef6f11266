import type { JSX } from 'preact'
import { useId } from 'preact/hooks'
import type { SandboxConfig } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import { sensibleErrcodes } from './sensible.js'

/** An errcode, picked or typed, and what it means. */
export function ErrcodeField(props: {
  endpoint: string
  errcodes: SandboxConfig['errcodes']
  lang: Lang
  value: string
  onChange: (errcode: string) => void
}): JSX.Element {
  const { endpoint, errcodes, lang, value, onChange } = props
  const texts = panelTexts[lang].faults
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{texts.errcode}</label>
      <input
        id={id}
        list={`${id}-list`}
        inputMode="text"
        autocomplete="off"
        aria-describedby={`${id}-meaning`}
        value={value}
        onInput={({ currentTarget }) => {
          onChange(currentTarget.value)
        }}
      />
      <datalist id={`${id}-list`}>
        {sensibleErrcodes(endpoint).map((errcode) => (
          <option key={errcode} value={errcode}>
            {errcodes[errcode]?.[lang]}
          </option>
        ))}
      </datalist>
      <small id={`${id}-meaning`}>{meaning(value, errcodes, lang)}</small>
    </div>
  )
}

function meaning(value: string, errcodes: SandboxConfig['errcodes'], lang: Lang): string {
  const texts = panelTexts[lang].faults
  if (!/^-?\d+$/.test(value.trim())) return texts.notANumber
  return errcodes[value.trim()]?.[lang] ?? texts.unknownErrcode
}
