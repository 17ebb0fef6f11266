import type { Locator } from 'playwright-core'
import { panelTexts } from '../../sandbox-page/i18n/panels.js'
import { scenarios } from '../../src/sandbox/scenarios/index.js'
import { redisUrl } from '../support/redis.js'
import { until } from '../support/until.js'
import { createPageWorld, type OpenPage } from './support/page-world.js'
import { handOn } from './support/hand.js'
import { withPage } from './support/with-page.js'

const t = withPage()

/** Waits until all are done, and looks at what came: the words of every cross, and the sum. */
async function allPassed(place: Locator): Promise<void> {
  await place.getByRole('progressbar').waitFor()
  await place.getByRole('progressbar').waitFor({ state: 'detached', timeout: 60_000 })
  expect(await place.locator('.check[data-ok="false"]').allTextContents()).toEqual([])
  expect(await place.locator('[data-standing="passed"]').count()).toBe(scenarios.length)
  const sum = panelTexts.en.scenarios.summary(scenarios.length, scenarios.length)
  expect(await place.locator('.scenarios-summary strong').textContent()).toBe(sum)
}

describe('the Scenarios panel', () => {
  it('lists every scenario with what one learns from it', async () => {
    const { panel } = await t.open()
    const place = await panel('scenarios')
    const titles = await place.locator('.scenario-title').allTextContents()
    expect(titles).toEqual(scenarios.map(({ title }) => title.en))
    for (const { id, why } of scenarios) {
      const item = place.locator(`[data-scenario="${id}"]`)
      await item.locator('summary').click()
      await item.getByText(why.en, { exact: true }).waitFor()
    }
  })

  describe('plays with one click', () => {
    let here: OpenPage
    beforeAll(async () => {
      here = await t.world.open({ user: 'one-click' })
    })
    afterAll(async () => {
      const problems = here?.problems
      await here?.close()
      expect(problems).toEqual([])
    })

    it.each(scenarios.map(({ id, title }) => [title.en, id] as const))('%s', async (title, id) => {
      const { panel, texts } = handOn(here)
      const place = await panel('scenarios')
      await place
        .getByRole('button', { name: texts.panels.scenarios.run(title), exact: true })
        .click()
      const item = place.locator(`[data-scenario="${id}"]`)
      await until(
        async () => !['waiting', 'running'].includes((await item.getAttribute('data-standing'))!),
        15_000,
      )
      const crosses = await item.locator('.check[data-ok="false"]').allTextContents()
      expect(crosses).toEqual([])
      expect(await item.locator('.check[data-ok="true"]').count()).toBeGreaterThan(0)
      expect(await item.getAttribute('data-standing')).toBe('passed')
    })
  })

  it('runs all, counts, and keeps the results while another panel is looked at', async () => {
    const { panel, press, texts } = await t.open()
    await press('scenarios', texts.panels.scenarios.runAll)
    await panel('state')
    const place = await panel('scenarios')
    await allPassed(place)
    await panel('clock')
    await panel('scenarios')
    expect(await place.locator('[data-standing="passed"]').count()).toBe(scenarios.length)
    // What it changed is put back.
    expect((await t.world.sandbox('faults')).body).toEqual([])
    expect((await t.world.sandbox('store')).body.state).toBe('up')
  }, 80_000)

  it('stops when told to', async () => {
    const { panel, press, texts } = await t.open()
    await press('scenarios', texts.panels.scenarios.runAll)
    await press('scenarios', texts.panels.scenarios.stop)
    const place = await panel('scenarios')
    await place.getByRole('button', { name: texts.panels.scenarios.runAll }).waitFor()
    expect(await place.locator('[data-standing="running"]').count()).toBe(0)
    expect(await place.locator('[data-standing="waiting"]').count()).toBeGreaterThan(0)
    expect((await t.world.sandbox('faults')).body).toEqual([])
  })

  it('shows only the users of a scenario on the wire, and everything again', async () => {
    const { panel, arrow, page, phoneShows, texts } = await t.open()
    await phoneShows('已登录')
    await arrow(new RegExp(`GET /me\\b`)).waitFor()
    const place = await panel('scenarios')
    const { id, title } = scenarios[0]!
    await place.getByRole('button', { name: texts.panels.scenarios.run(title.en) }).click()
    await place.locator(`[data-scenario="${id}"][data-standing="passed"]`).waitFor()
    await page.getByRole('button', { name: texts.wire.showAll }).waitFor()
    const arrows = page.getByRole('list', { name: texts.wire.list }).getByRole('button')
    const few = await arrows.count()
    expect(few).toBeGreaterThan(0)
    await page.getByRole('button', { name: texts.wire.showAll }).click()
    await until(async () => (await arrows.count()) > few)
  })
})

it('passes every scenario against the app with a real Redis, seen through the tap', async () => {
  const world = await createPageWorld({ REDIS_URL: redisUrl() })
  try {
    expect((await world.sandbox('config')).body.store).toBe('redis')
    const opened = await world.open({ user: 'redis-run' })
    const { panel, press, texts } = handOn(opened)
    await press('scenarios', texts.panels.scenarios.runAll)
    const place = await panel('scenarios')
    await allPassed(place)
    expect(opened.problems).toEqual([])
    const wire = await world.sandbox('wire/messages')
    const parties = (wire.body as { to: string }[]).map(({ to }) => to)
    expect(parties).toContain('redis')
  } finally {
    await world.close()
  }
}, 90_000)
