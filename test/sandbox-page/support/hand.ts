import type { FrameLocator, Locator } from 'playwright-core'
import type { Lang } from '../../../sandbox-page/i18n/lang.js'
import { panelTexts } from '../../../sandbox-page/i18n/panels.js'
import { shellTexts } from '../../../sandbox-page/i18n/shell.js'
import { wireTexts } from '../../../sandbox-page/i18n/wire.js'
import type { OpenPage } from './page-world.js'

type Place = keyof (typeof shellTexts)['en']['columns']
type PanelName = keyof (typeof shellTexts)['en']['panels']

/** Where things are on the page, by what a person (or a screen reader) finds there. */
export interface Hand {
  /** The mini program on the phone. */
  phone: FrameLocator
  /** Waits until the mini program says so. */
  phoneShows(text: string): Promise<void>
  tapOnPhone(text: string): Promise<void>
  /** Where there is no room for all: brings that part of the page to the front. */
  goTo(place: Place): Promise<void>
  /** Brings a panel to the front. */
  panel(name: PanelName): Promise<Locator>
  /** An arrow of the wire, by what its words have in them. */
  arrow(words: string | RegExp): Locator
  /** Presses a button of a panel. */
  press(panel: PanelName, label: string | RegExp): Promise<void>
  texts: {
    panels: (typeof panelTexts)['en']
    shell: (typeof shellTexts)['en']
    wire: (typeof wireTexts)['en']
  }
}

export function handOn({ page }: OpenPage, lang: Lang = 'en'): Hand {
  const texts = { panels: panelTexts[lang], shell: shellTexts[lang], wire: wireTexts[lang] }
  const phone = page.frameLocator('iframe')

  async function goTo(place: Place): Promise<void> {
    const button = page.locator(`.place[data-place="${place}"]`)
    if (await button.isVisible()) await button.click()
  }

  async function panel(name: PanelName): Promise<Locator> {
    await goTo('panels')
    const tab = page.getByRole('tab', { name: texts.shell.panels[name], exact: true })
    await tab.click()
    return page.getByRole('tabpanel', { name: texts.shell.panels[name], exact: true })
  }

  return {
    phone,
    phoneShows: (text) =>
      phone.getByText(text, { exact: true }).filter({ visible: true }).first().waitFor(),
    tapOnPhone: (text) => phone.getByRole('button', { name: text, exact: true }).last().click(),
    goTo,
    panel,
    arrow: (words) =>
      page
        .getByRole('list', { name: texts.wire.list })
        .getByRole('button', { name: words })
        .first(),
    async press(name, label) {
      const place = await panel(name)
      await place.getByRole('button', { name: label }).first().click()
    },
    texts,
  }
}
