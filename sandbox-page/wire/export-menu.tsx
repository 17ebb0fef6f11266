import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { toHar, toMermaid } from '../../src/sandbox/wire/export.js'
import type { WireMessage } from '../../src/sandbox/wire/types.js'
import { type Api, messageOf } from '../api/index.js'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { save } from '../ui/save.js'
import { useCopy } from '../ui/use-copy.js'
import { allDetails } from './all-details.js'

export interface ExportMenuProps {
  api: Api
  /** What is drawn. */
  messages: readonly WireMessage[]
  version: string
  lang: Lang
}

/** What is drawn, for other tools. */
export function ExportMenu({ api, messages, version, lang }: ExportMenuProps): JSX.Element {
  const texts = wireTexts[lang]
  const menu = useRef<HTMLDetailsElement>(null)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  const { said, copy } = useCopy()
  const close = (): void => {
    if (menu.current) menu.current.open = false
  }
  const har = async (): Promise<string> =>
    JSON.stringify(toHar(await allDetails(api, messages), version), null, 2)
  const run = async (work: () => void | Promise<void>): Promise<void> => {
    setTrouble(null)
    setBusy(true)
    try {
      await work()
      close()
    } catch (error) {
      setTrouble(messageOf(error))
    }
    setBusy(false)
  }

  useEffect(() => {
    const away = ({ target }: Event): void => {
      if (target instanceof Node && !menu.current?.contains(target)) close()
    }
    document.addEventListener('pointerdown', away)
    return () => {
      document.removeEventListener('pointerdown', away)
    }
  }, [])

  const entries = [
    ['download', texts.exports.har, async () => save('wire.har', 'application/json', await har())],
    ['copy', texts.exports.copyHar, async () => copy(await har())],
    [
      'download',
      texts.exports.mermaid,
      () => {
        save('wire.mmd', 'text/plain', toMermaid(messages))
      },
    ],
    [
      'copy',
      texts.exports.copyMermaid,
      () => {
        copy(toMermaid(messages))
      },
    ],
  ] as const

  return (
    <details
      class="menu"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !menu.current?.open) return
        event.stopPropagation()
        close()
        menu.current.querySelector('summary')?.focus()
      }}
    >
      <summary class="button button-plain button-small">
        <Icon name="export" />
        <span>{texts.export}</span>
      </summary>
      <div class="menu-list">
        {entries.map(([kind, label, work]) => (
          <Button
            key={label}
            icon={kind === 'copy' ? 'copy' : 'export'}
            label={label}
            kind="quiet"
            disabled={busy || messages.length === 0}
            onClick={() => {
              void run(work)
            }}
          />
        ))}
        {trouble === null ? null : (
          <p class="trouble" role="alert">
            {trouble}
          </p>
        )}
      </div>
      <p class="toast" role="status">
        {said === null ? '' : said === 'copied' ? texts.copied : texts.notCopied}
      </p>
    </details>
  )
}
