import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { root } from '../example-app/spawn-app.js'
import { seriousFindings } from './support/axe.js'
import { withPage } from './support/with-page.js'

// Of the browser: the tests themselves have no DOM.
declare const document: { documentElement: { scrollWidth: number; clientWidth: number } }

const t = withPage()
const panels = ['state', 'faults', 'clock', 'scenarios'] as const
const places = ['phone', 'wire', 'panels'] as const
const widths = [380, 900, 1600]

/** By how many pixels the page is wider than its window. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

const looks = [
  ['en', 'light'],
  ['en', 'dark'],
  ['zh', 'light'],
  ['zh', 'dark'],
] as const

describe.each(looks)('in %s, %s', (lang, theme) => {
  it('has no serious finding of axe in any view', async () => {
    const here = await t.open({ lang, theme, guide: true })
    const { page, panel, phoneShows, arrow, goTo, texts } = here
    await phoneShows('已登录')
    const found: Record<string, string[]> = {}
    for (const name of panels) {
      await panel(name)
      found[name] = await seriousFindings(page)
    }
    await page.getByRole('button', { name: texts.shell.header.help }).click()
    await page.getByRole('dialog').waitFor()
    found.help = await seriousFindings(page)
    await page.keyboard.press('Escape')
    await arrow(/\/wx\/login/).click()
    await page.getByRole('group', { name: texts.wire.inspector.decoded }).waitFor()
    found.inspector = await seriousFindings(page)
    // What is narrow differs in its shape, not in its colours or words.
    await page.setViewportSize({ width: 380, height: 800 })
    for (const place of lang === 'en' && theme === 'light' ? places : []) {
      await goTo(place)
      found[`narrow ${place}`] = await seriousFindings(page)
    }
    // The colours of WeChat's own buttons are WeChat's.
    const phone = page.frames().find((frame) => frame.url().includes('/__sandbox/phone/'))!
    found.phone = await seriousFindings(phone, { without: ['color-contrast'] })
    expect(Object.fromEntries(Object.entries(found).filter(([, f]) => f.length > 0))).toEqual({})
  }, 60_000)
})

it.each(['en', 'zh'] as const)(
  'fits into a narrow, a middle and a wide window, in every view, in %s',
  async (lang) => {
    const { page, panel, phoneShows, goTo } = await t.open({ lang, guide: true })
    await phoneShows('已登录')
    const wide: string[] = []
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 })
      for (const place of places) {
        await goTo(place)
        if ((await overflow(page)) > 0) wide.push(`${String(width)} ${place}`)
      }
      for (const name of panels) {
        await panel(name)
        if ((await overflow(page)) > 0) wide.push(`${String(width)} ${name}`)
      }
    }
    expect(wide).toEqual([])
  },
)

it('weighs less than 100 kB as it is sent, without the mini program', () => {
  const sizes = ['index.html', 'page.js', 'page.css'].map(
    (file) => gzipSync(readFileSync(join(root, 'dist/page', file))).length,
  )
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000)
})
