import type { Page } from 'playwright-core'
import { withPage } from './support/with-page.js'

// Of the browser: the tests themselves have no DOM.
interface FocusedElement {
  tagName: string
  textContent: string | null
  dataset: { id?: string; tab?: string }
  getAttribute(name: string): string | null
}
declare const document: { activeElement: FocusedElement }

const t = withPage()

/** What has the focus, by its name. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: element } = document
    return element.getAttribute('aria-label') ?? element.textContent?.trim() ?? element.tagName
  })

/** Goes on with the Tab key until something has the focus. */
const tabTo = (page: Page, name: RegExp): Promise<void> => walkTo(page, 'Tab', name)

/** Goes on with a key until something has the focus. */
async function walkTo(page: Page, key: string, name: RegExp): Promise<void> {
  const passed: string[] = []
  for (let left = 80; left > 0; left -= 1) {
    const now = await focused(page)
    if (name.test(now)) return
    passed.push(now.slice(0, 40))
    await page.keyboard.press(key)
  }
  throw new Error(`${key} does not lead to ${String(name)}, but to: ${passed.join(' | ')}`)
}

it('can be used without a mouse: the wire, its inspector, the panels, a fault, a scenario', async () => {
  const { page, panel, arrow, phoneShows, texts } = await t.open()
  const { inspector } = texts.wire
  await phoneShows('已登录')
  await arrow(/jscode2session/).waitFor()

  await page.keyboard.press('Tab')
  expect(await focused(page)).toBe(texts.shell.header.skip)
  await page.keyboard.press('Enter')
  await tabTo(page, / → /)
  await page.keyboard.press('Home')
  await walkTo(page, 'ArrowDown', /jscode2session/)
  const exchange = await focused(page)
  await page.keyboard.press('Enter')
  const region = page.getByRole('region', { name: inspector.label })
  await region.waitFor()
  await tabTo(page, new RegExp(`^${inspector.revealField('')}`))
  await page.keyboard.press('Enter')
  await region.getByRole('button', { name: new RegExp(`^${inspector.hideField('')}`) }).waitFor()
  await page.keyboard.press('Escape')
  await region.waitFor({ state: 'detached' })
  // Back where it was opened from.
  expect(await focused(page)).toBe(exchange)

  await tabTo(page, new RegExp(`^${texts.shell.panels.state}$`))
  await page.keyboard.press('ArrowRight')
  expect(await focused(page)).toBe(texts.shell.panels.faults)
  await tabTo(page, /^User blocked \(40226\)$/)
  await page.keyboard.press('Space')
  await page.getByText('jscode2session · errcode 40226 · once').waitFor()
  await tabTo(page, new RegExp(`^${texts.panels.faults.order}$`))
  await page.keyboard.press('Enter')
  await page.getByText('jscode2session · errcode -1 · once').waitFor()
  // Still where it was: the next order needs no way back.
  expect(await focused(page)).toBe(texts.panels.faults.order)

  const scenarios = await panel('scenarios')
  await tabTo(page, new RegExp(`^${texts.panels.scenarios.run('')}`))
  await page.keyboard.press('Enter')
  await scenarios.locator('[data-standing="passed"]').waitFor()
})

it('lets nobody get stuck: the Tab key goes through everything and around', async () => {
  const { page, phoneShows } = await t.open()
  await phoneShows('已登录')
  await page.keyboard.press('Tab')
  const start = await focused(page)
  const seen = new Set<string>()
  for (let left = 150; left > 0; left -= 1) {
    await page.keyboard.press('Tab')
    const now = await focused(page)
    if (now === start) break
    seen.add(now)
  }
  expect(await focused(page)).toBe(start)
  expect(seen.size).toBeGreaterThan(15)
})
