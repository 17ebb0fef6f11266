import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { toCurl } from '../../src/sandbox/wire/export.js'
import type { WireDetail, WireMessage } from '../../src/sandbox/wire/types.js'
import { type Api, messageOf, type SandboxConfig } from '../api/index.js'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { Button } from '../ui/button.js'
import { useCopy } from '../ui/use-copy.js'
import { DecodedView } from './decoded-view.js'
import { Facts } from './facts.js'
import { RawSide } from './raw-side.js'

/** The message in full, asked for again when it changes. */
function useDetail(api: Api, message: WireMessage): { detail?: WireDetail; trouble?: string } {
  const [found, setFound] = useState<{ id: number; detail?: WireDetail; trouble?: string }>()
  useEffect(() => {
    let current = true
    const { id } = message
    api.wire.detail(id).then(
      (detail) => {
        if (current) setFound({ id, detail })
      },
      (error: unknown) => {
        if (current) setFound({ id, trouble: messageOf(error) })
      },
    )
    return () => {
      current = false
    }
  }, [api, message])
  return found?.id === message.id ? found : {}
}

/** One exchange taken apart: raw on the left, what it means on the right. */
export function Inspector(props: {
  api: Api
  message: WireMessage
  errcodes: SandboxConfig['errcodes']
  lang: Lang
  onClose: () => void
  /** To the one before or after it; undefined where there is none. */
  onPrevious?: (() => void) | undefined
  onNext?: (() => void) | undefined
}): JSX.Element {
  const { api, message, errcodes, lang, onClose } = props
  const { id, from, to, title, outcome } = message
  const all = wireTexts[lang]
  const texts = all.inspector
  const heading = useRef<HTMLHeadingElement>(null)
  const { detail, trouble } = useDetail(api, message)
  const { said, copy } = useCopy()
  const curl = detail ? toCurl(detail) : null

  useEffect(() => {
    heading.current?.focus({ preventScroll: true })
  }, [id])

  return (
    <section
      class="inspector"
      aria-label={texts.label}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose()
      }}
    >
      <header class="inspector-head">
        <div class="inspector-title">
          <h3 ref={heading} tabIndex={-1}>
            {title}
          </h3>
          <p class="hint">
            {all.parties[from]} → {all.parties[to]}
          </p>
        </div>
        <span class="toast" role="status">
          {said === null ? '' : said === 'copied' ? all.copied : all.notCopied}
        </span>
        {curl === null ? null : (
          <Button
            icon="copy"
            label={texts.curl}
            small
            onClick={() => {
              copy(curl)
            }}
          />
        )}
        <Button
          icon="up"
          label={texts.previous}
          bare
          small
          kind="quiet"
          disabled={props.onPrevious === undefined}
          onClick={props.onPrevious}
        />
        <Button
          icon="down"
          label={texts.next}
          bare
          small
          kind="quiet"
          disabled={props.onNext === undefined}
          onClick={props.onNext}
        />
        <Button icon="close" label={texts.close} bare small kind="quiet" onClick={onClose} />
      </header>
      {trouble === undefined ? null : (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      {detail === undefined ? null : (
        // Another one begins with everything masked.
        <div class="inspector-body" key={id}>
          <div class="inspector-raw" role="group" aria-label={texts.raw}>
            {(['request', 'response'] as const).map((part) => (
              <RawSide
                key={part}
                title={texts[part]}
                raw={detail.raw[part]}
                fields={detail[part] ?? []}
                missing={outcome === 'open' ? texts.waiting : texts.noAnswer}
                lang={lang}
                reveal={(field) => api.wire.reveal(id, part, field)}
              />
            ))}
          </div>
          <div class="inspector-decoded" role="group" aria-label={texts.decoded} tabIndex={0}>
            <Facts {...{ detail, errcodes, lang }} />
            <DecodedView
              decoded={detail.decoded}
              lang={lang}
              reveal={(field) => api.wire.reveal(id, 'decoded', field)}
            />
          </div>
        </div>
      )}
    </section>
  )
}
