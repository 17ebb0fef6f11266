import type { JSX } from 'preact'
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { isUserName } from '../src/sandbox/user-name.js'
import type { Api, SandboxConfig } from './api/index.js'
import { Device } from './device/device.js'
import { Guide } from './guide/guide.js'
import { Help } from './guide/help.js'
import { seenOnWire } from './guide/progress.js'
import type { GuideStep } from './i18n/guide.js'
import { shellTexts } from './i18n/shell.js'
import { ClockPanel, FaultsPanel, ScenariosPanel, StatePanel } from './panels/index.js'
import type { PhoneStatus } from './phone-messages.js'
import type { Panel, Place, Settings } from './settings.js'
import { Banner } from './shell/banner.js'
import { Header } from './shell/header.js'
import { readAddress } from './shell/typed.js'
import { useTargetState } from './shell/use-target-state.js'
import { Icon, type IconName } from './ui/icon.js'
import { Tabs } from './ui/tabs.js'
import type { Feed, FeedChange } from './wire/feed.js'
import { everything } from './wire/filter.js'
import { WireView } from './wire/wire-view.js'

const panels = {
  state: StatePanel,
  faults: FaultsPanel,
  clock: ClockPanel,
  scenarios: ScenariosPanel,
}
const panelNames = Object.keys(panels) as Panel[]

const places: readonly (readonly [Place, IconName])[] = [
  ['phone', 'phone'],
  ['wire', 'wire'],
  ['panels', 'panels'],
]

/** All that one works with: phone, wire and panels side by side, or as much of it as there is room for. */
export function Bench(props: {
  api: Api
  config: SandboxConfig
  settings: Settings
  change: (change: Partial<Settings>) => void
  theme: 'light' | 'dark'
  feed: Feed
  connected: boolean | null
  changeFeed: (change: FeedChange) => void
}): JSX.Element {
  const { api, config, settings, change, theme, feed, connected, changeFeed } = props
  const { lang, user, panel, place, guide } = settings
  const texts = shellTexts[lang]
  const appKnown = config.apps.some(({ appid }) => appid === settings.appid)
  const appid = appKnown ? settings.appid! : config.appid
  const target = settings.target === null ? config.target : readAddress(settings.target)
  const targetState = useTargetState(settings.target ?? config.target, lang, connected)
  const [status, setStatus] = useState<PhoneStatus | null>(null)
  const [help, setHelp] = useState(false)
  const [done, setDone] = useState<readonly GuideStep[]>([])
  const [filter, setFilter] = useState({ ...everything, store: settings.store })

  const showOnly = useCallback((users: readonly string[] | null) => {
    setFilter((before) => ({ ...before, users }))
    setDone((before) => [...before, 'scenarios'])
  }, [])

  useEffect(() => {
    setFilter((before) => ({ ...before, users: null }))
  }, [user, target])

  useEffect(() => {
    if (status?.network === 'offline') setDone((before) => [...before, 'airplane'])
  }, [status?.network])

  const steps = useMemo(() => new Set([...done, ...seenOnWire(feed.all)]), [done, feed.all])

  function goTo(step: GuideStep): void {
    if (step === 'fault') change({ panel: 'faults', place: 'panels' })
    else if (step === 'scenarios') change({ panel: 'scenarios', place: 'panels' })
    else change({ place: 'phone' })
  }

  const PanelView = panels[panel]
  return (
    <>
      <a class="skip" href="#wire">
        {texts.header.skip}
      </a>
      <Header
        config={config}
        settings={settings}
        target={settings.target ?? target}
        targetState={targetState}
        change={change}
        onUser={(name) => {
          change({ user: name, users: [...new Set([...settings.users, name])] })
        }}
        onHelp={() => {
          setHelp(true)
        }}
      />
      {targetState.state === 'wrong' ? (
        <Banner words={settings.target ?? target ?? ''} why={targetState.message} />
      ) : null}
      {isUserName(user) ? null : <Banner words={user} why={texts.header.newUserBad} />}
      {appKnown || settings.appid === null ? null : (
        <Banner words={settings.appid} why={texts.header.appUnknown} />
      )}
      <main class="bench" data-place={place}>
        <nav class="places" aria-label={texts.places}>
          {places.map(([name, icon]) => (
            <button
              key={name}
              type="button"
              class="place"
              data-place={name}
              aria-current={place === name ? 'true' : undefined}
              onClick={() => {
                change({ place: name })
              }}
            >
              <Icon name={icon} />
              {texts.columns[name]}
            </button>
          ))}
        </nav>
        <section class="column column-phone" aria-label={texts.columns.phone}>
          <h2 class="unseen">{texts.columns.phone}</h2>
          <Device
            {...{ user, appid, lang, theme }}
            target={isUserName(user) ? target : null}
            onStatus={setStatus}
          />
        </section>
        <section class="column column-wire" id="wire" tabIndex={-1} aria-label={texts.columns.wire}>
          <h2 class="unseen">{texts.columns.wire}</h2>
          <WireView
            {...{ api, config, lang, feed, filter }}
            onFeed={changeFeed}
            onFilter={(some) => {
              setFilter((before) => ({ ...before, ...some }))
              if (some.store !== undefined) change({ store: some.store })
            }}
            onOpen={() => {
              setDone((before) => [...before, 'look'])
            }}
          >
            {guide ? (
              <Guide
                lang={lang}
                done={steps}
                compact={steps.size > (steps.has('login') ? 1 : 0)}
                onAction={goTo}
                onHelp={() => {
                  setHelp(true)
                }}
                onClose={() => {
                  change({ guide: false })
                }}
              />
            ) : null}
          </WireView>
        </section>
        <section class="column column-panels" aria-label={texts.columns.panels}>
          <h2 class="unseen">{texts.columns.panels}</h2>
          <Tabs
            label={texts.columns.panels}
            tabs={panelNames.map((name) => [name, texts.panels[name]] as const)}
            value={panel}
            onChange={(name) => {
              change({ panel: name })
            }}
          >
            <PanelView
              {...{ api, config, lang, user, appid, target, status }}
              messages={feed.all}
              connected={connected === true}
              onShowOnly={showOnly}
            />
          </Tabs>
        </section>
      </main>
      {help ? (
        <Help
          {...{ config, target, lang }}
          onGuide={() => {
            setHelp(false)
            change({ guide: true, place: 'wire' })
          }}
          onClose={() => {
            setHelp(false)
          }}
        />
      ) : null}
    </>
  )
}
