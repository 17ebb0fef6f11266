import type { ComponentChildren, JSX } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { type Api, parties, type SandboxConfig } from '../api/index.js'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { ExchangeItem, holds } from './exchange.js'
import type { Feed, FeedChange } from './feed.js'
import { everything, filterExchanges, type WireFilter } from './filter.js'
import { Inspector } from './inspector.js'
import { flatten, layOut } from './layout.js'
import { LiveRegion } from './live-region.js'
import { Toolbar } from './toolbar.js'
import { useFollow } from './use-follow.js'
import { useRoving } from './use-roving.js'

/** Everything the four parties say to each other, as a sequence diagram. */
export function WireView(props: {
  api: Api
  config: SandboxConfig
  lang: Lang
  feed: Feed
  filter: WireFilter
  /** Above the diagram. */
  children?: ComponentChildren
  onFeed: (change: FeedChange) => void
  onFilter: (change: Partial<WireFilter>) => void
  /** Somebody takes an exchange apart. */
  onOpen: () => void
}): JSX.Element {
  const { api, config, lang, feed, filter, onFeed, onFilter } = props
  const { errcodes, version } = config
  const texts = wireTexts[lang]
  const [selected, select] = useState<number | null>(null)
  const exchanges = useMemo(() => filterExchanges(layOut(feed.shown), filter), [feed.shown, filter])
  const messages = useMemo(() => flatten(exchanges), [exchanges])
  const { box, list, following, toEnd, stay } = useFollow()
  useRoving(list, exchanges)
  const { onOpen } = props
  const told = useRef(onOpen)
  told.current = onOpen
  // The same function for ever: each exchange that is drawn has it.
  const open = useCallback((id: number) => {
    select(id)
    told.current()
  }, [])
  // The inspector takes room from the diagram: what was chosen is not to be lost below it.
  useEffect(() => {
    if (selected === null) return undefined
    stay()
    const show = (): void => {
      buttonOf(list.current, selected)?.scrollIntoView({ block: 'nearest' })
    }
    show()
    // What came into sight by that has its real height only now.
    const frame = requestAnimationFrame(show)
    return () => {
      cancelAnimationFrame(frame)
    }
  }, [selected])

  const at = messages.findIndex(({ id }) => id === selected)
  const inspected = feed.shown.find(({ id }) => id === selected)
  const goTo = (to: number): (() => void) | undefined => {
    const next = at === -1 ? undefined : messages[to]
    return (
      next &&
      (() => {
        select(next.id)
      })
    )
  }
  const close = (): void => {
    select(null)
    if (selected !== null) buttonOf(list.current, selected)?.focus()
  }

  return (
    <div class="wire" data-inspecting={inspected === undefined ? undefined : ''}>
      <Toolbar
        {...{ feed, filter, lang, onFilter }}
        exports={{ api, messages, version, lang }}
        onChange={onFeed}
        onClear={() => {
          // The stream says that it is done.
          api.wire.clear().catch(() => undefined)
        }}
      />
      {filter.users === null ? null : (
        <p class="wire-only">
          <span>{texts.showOnly(filter.users.join(', '))}</span>
          <Button
            label={texts.showAll}
            small
            kind="quiet"
            onClick={() => {
              onFilter({ users: null })
            }}
          />
        </p>
      )}
      {props.children}
      <div class="wire-diagram">
        <div class="wire-scroll" ref={box}>
          <div class="lifeline-heads">
            {parties.map((party) => (
              <div key={party} class="lifeline-head" data-party={party}>
                <Icon name={party} />
                <span>
                  {party === 'redis' && config.store === 'redis' ? 'Redis' : texts.parties[party]}
                </span>
                <small>
                  {party === 'redis' && config.store === null
                    ? texts.storeUnseen
                    : texts.partyHints[party]}
                </small>
              </div>
            ))}
          </div>
          <ol class="exchanges" ref={list} aria-label={texts.list}>
            {exchanges.map((exchange) => (
              <ExchangeItem
                key={exchange.message.id}
                {...{ exchange, errcodes, lang }}
                selected={holds(exchange, selected) ? selected : null}
                onSelect={open}
              />
            ))}
          </ol>
          {exchanges.length > 0 ? null : (
            <div class="wire-empty">
              <p class="wire-empty-title">
                {feed.shown.length === 0 ? texts.emptyTitle : texts.nothingTitle}
              </p>
              <p>
                {feed.shown.length === 0 ? texts.emptyWhy : texts.nothingWhy(feed.shown.length)}
              </p>
              {feed.shown.length === 0 ? null : (
                <Button
                  label={texts.showAll}
                  onClick={() => {
                    onFilter(everything)
                  }}
                />
              )}
            </div>
          )}
        </div>
        {following || exchanges.length === 0 ? null : (
          <div class="wire-latest">
            <Button icon="down" label={texts.latest} small kind="main" onClick={toEnd} />
          </div>
        )}
      </div>
      {inspected === undefined ? null : (
        <Inspector
          {...{ api, errcodes, lang }}
          message={inspected}
          onClose={close}
          onPrevious={goTo(at - 1)}
          onNext={goTo(at + 1)}
        />
      )}
      <LiveRegion {...{ messages, errcodes, lang }} />
    </div>
  )
}

const buttonOf = (list: HTMLElement | null, id: number): HTMLElement | null | undefined =>
  list?.querySelector<HTMLElement>(`[data-id="${String(id)}"]`)
