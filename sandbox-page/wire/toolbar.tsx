import type { JSX } from 'preact'
import { wireTexts } from '../i18n/wire.js'
import type { Lang } from '../i18n/lang.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { Switch } from '../ui/switch.js'
import { ExportMenu, type ExportMenuProps } from './export-menu.js'
import { type WireFilter, wireKinds } from './filter.js'
import type { Feed, FeedChange } from './feed.js'

/** What is done with the whole wire. */
export function Toolbar(props: {
  feed: Feed
  filter: WireFilter
  lang: Lang
  exports: ExportMenuProps
  onFilter: (change: Partial<WireFilter>) => void
  onChange: (change: FeedChange) => void
  onClear: () => void
}): JSX.Element {
  const { feed, filter, lang, onFilter, onChange } = props
  const texts = wireTexts[lang]
  const { paused, waiting } = feed
  return (
    <div class="toolbar" role="group" aria-label={texts.toolbar}>
      <div class="toolbar-group">
        <Button
          icon={paused ? 'play' : 'pause'}
          label={paused ? texts.resume : texts.pause}
          small
          kind={paused ? 'main' : 'plain'}
          onClick={() => {
            onChange({ type: paused ? 'resume' : 'pause' })
          }}
        />
        <Button
          icon="step"
          label={texts.step}
          small
          disabled={!paused || waiting.length === 0}
          onClick={() => {
            onChange({ type: 'step' })
          }}
        />
        <Button icon="clear" label={texts.clear} small onClick={props.onClear} />
        {paused ? (
          <span class="toolbar-waiting" role="status">
            {texts.waiting(waiting.length)}
          </span>
        ) : null}
      </div>
      <div class="toolbar-group toolbar-filter" role="group" aria-label={texts.filter}>
        {wireKinds.map((kind) => (
          <button
            key={kind}
            type="button"
            class="chip"
            aria-pressed={filter.kinds.includes(kind)}
            onClick={() => {
              const kinds = filter.kinds.includes(kind)
                ? filter.kinds.filter((one) => one !== kind)
                : [...filter.kinds, kind]
              onFilter({ kinds })
            }}
          >
            {texts.kinds[kind]}
          </button>
        ))}
        <Switch
          label={texts.store}
          title={texts.storeHint}
          on={filter.store}
          onChange={(store) => {
            onFilter({ store })
          }}
        />
      </div>
      <label class="search">
        <Icon name="search" />
        <input
          type="search"
          aria-label={texts.search}
          placeholder={texts.searchPlaceholder}
          value={filter.text}
          onInput={({ currentTarget }) => {
            onFilter({ text: currentTarget.value })
          }}
        />
      </label>
      <ExportMenu {...props.exports} />
    </div>
  )
}
