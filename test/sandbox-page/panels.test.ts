import { http } from '../example-app/spawn-app.js'
import { until } from '../support/until.js'
import { withPage } from './support/with-page.js'

const t = withPage()

/** A login of the same user on another device. */
async function loginElsewhere(code: string): Promise<number> {
  return (await http(`${t.world.app.url}/wx/login`, { body: { code } })).status
}

const takeCode = async (): Promise<string> =>
  (await t.world.sandbox(`users/${t.user}/login`, {})).body.code as string

describe('the State panel', () => {
  it('says that the keys are the same after a login, and that they differ once the phone called wx.login alone', async () => {
    const { panel, phoneShows, texts } = await t.open()
    await phoneShows('已登录')
    const state = await panel('state')
    await state.getByText(texts.panels.state.same).waitFor()

    await takeCode()
    await state.getByText(texts.panels.state.differ).waitFor()
    await state.getByText(texts.panels.state.differWhy).waitFor()
    const keys = await state.locator('.key-badge code').allTextContents()
    expect(keys).toHaveLength(2)
    expect(keys[0]).toMatch(/^#[0-9a-f]{8}$/)
    expect(keys[1]).toMatch(/^#[0-9a-f]{8}$/)
    expect(keys[0]).not.toBe(keys[1])
    const { body } = await t.world.sandbox(`state?user=${t.user}`)
    expect(keys[0]).toBe(`#${String(body.keyId)}`)
  })

  it('counts down what runs out, and says when a code is used', async () => {
    const { panel, phoneShows, texts } = await t.open()
    await phoneShows('已登录')
    const state = await panel('state')
    const ring = (name: string) => state.locator('.ring', { hasText: name }).locator('.ring-text')
    await state.getByText(texts.panels.common.used).first().waitFor()
    expect(await ring(texts.panels.state.session).textContent()).toMatch(/^(6 d 23 h|7 d 0 h)$/)

    await takeCode()
    await until(async () => /^4:\d\d$/.test((await ring('code').first().textContent()) ?? ''))
    const before = await ring('code').first().textContent()
    await until(async () => (await ring('code').first().textContent()) !== before)
  })

  it('shows the sealed session in the store and the row in the user table', async () => {
    const { panel, phoneShows, texts } = await t.open()
    await phoneShows('已登录')
    const state = await panel('state')
    const stored = state.locator('.store-entries li')
    // By its name: the next session to come may stand before it.
    const name = (await stored.first().locator('summary code').textContent())!
    const entry = stored.filter({ hasText: name })
    await entry.locator('summary').click()
    await entry.locator('pre').waitFor()
    const { body } = await t.world.sandbox('store')
    const entries = body.entries as { value: unknown }[]
    expect(entries.length).toBeGreaterThan(0)
    // What is stored holds no session_key that anybody could read.
    expect(JSON.stringify(entries)).not.toMatch(/[A-Za-z0-9+/]{22}==/)
    await state.getByText(texts.panels.state.fromTable).waitFor()
    const openid = (await t.world.sandbox(`state?user=${t.user}`)).body.openid as string
    expect(await state.locator('.user-row').textContent()).toContain(openid)
  })

  it('logs the user out everywhere, which the phone notices at its next request', async () => {
    const { panel, phoneShows, tapOnPhone, arrow, press, texts } = await t.open()
    await phoneShows('已登录')
    await press('state', texts.panels.state.logoutEverywhere)
    const state = await panel('state')
    await state.getByText(texts.panels.state.loggedOut).waitFor()
    await tapOnPhone('刷新')
    await arrow(/GET \/me\b.*401/).waitFor()
  })
})

describe('the Faults panel', () => {
  it('orders a fault with one click, and the next login meets it', async () => {
    const { panel, phoneShows, press, arrow, texts } = await t.open()
    await phoneShows('已登录')
    await press('faults', texts.panels.faults.preset.quota)
    const faults = await panel('faults')
    await faults.getByText('jscode2session · errcode 45011 · once').waitFor()

    expect(await loginElsewhere(await takeCode())).toBe(429)
    await arrow(/jscode2session.*45011/).waitFor()
    // Used up: gone from the list without anybody asking.
    await faults.getByText(texts.panels.faults.noneActive).waitFor()
  })

  it('takes an errcode that is typed, and says what it means', async () => {
    const { panel, texts } = await t.open()
    const faults = await panel('faults')
    const form = faults.getByRole('form', { name: '/sns/jscode2session' })
    const errcode = form.getByLabel(texts.panels.faults.errcode, { exact: true })
    await errcode.fill('40226')
    const meaning = (await t.world.sandbox('config')).body.errcodes['40226'].en as string
    await form.locator('small').getByText(meaning, { exact: true }).waitFor()
    await form.getByLabel(texts.panels.faults.times, { exact: true }).fill('2')
    await form.getByLabel(texts.panels.faults.latency).fill('250')
    await form.getByRole('button', { name: texts.panels.faults.order }).click()
    await faults.getByText('jscode2session · errcode 40226 · 250 ms later · 2 times').waitFor()
    expect((await t.world.sandbox('faults')).body).toEqual([
      { endpoint: '/sns/jscode2session', errcode: 40226, delayMs: 250, times: 2 },
    ])
  })

  it('orders each other thing that can happen', async () => {
    const { panel, press, texts } = await t.open()
    const faults = await panel('faults')
    const form = faults.getByRole('form', { name: '/sns/jscode2session' })
    for (const [effect, expected] of [
      ['status', { status: 502, times: 1 }],
      ['before', { drop: 'before', times: 1 }],
      ['after', { drop: 'after', times: 1 }],
      ['broken', { body: '{"openid":"', times: 1 }],
    ] as const) {
      await form.getByLabel(texts.panels.faults.effect).selectOption(effect)
      await form.getByRole('button', { name: texts.panels.faults.order }).click()
      // What is listed may be of before.
      const ordered = async (): Promise<unknown[]> => (await t.world.sandbox('faults')).body as []
      await until(async () => (await ordered()).length > 0)
      expect(await ordered()).toEqual([{ endpoint: '/sns/jscode2session', ...expected }])
      await faults.locator('.active-faults li').waitFor()
      await press('faults', texts.panels.faults.clearAll)
      await faults.getByText(texts.panels.faults.noneActive).waitFor()
    }
  })

  it('says in the sandbox’ words what is wrong with an order, and orders nothing', async () => {
    const { panel, texts } = await t.open()
    const faults = await panel('faults')
    const form = faults.getByRole('form', { name: '/sns/jscode2session' })
    for (const wrong of ['busy', '1.5', '99999999999']) {
      await form.getByLabel(texts.panels.faults.errcode, { exact: true }).fill(wrong)
      await form.getByRole('button', { name: texts.panels.faults.order }).click()
      await faults
        .getByRole('alert')
        .getByText(/errcode/)
        .waitFor()
    }
    await form.getByLabel(texts.panels.faults.errcode, { exact: true }).fill('-1')
    await form.getByLabel(texts.panels.faults.times, { exact: true }).fill('0')
    await form.getByRole('button', { name: texts.panels.faults.order }).click()
    await faults.getByRole('alert').getByText(/times/).waitFor()
    expect((await t.world.sandbox('faults')).body).toEqual([])
  })

  it('takes back one fault of several, or all of them', async () => {
    const { panel, press, texts } = await t.open()
    const { preset, clearAll, remove } = texts.panels.faults
    const faults = await panel('faults')
    const lines = faults.locator('.active-faults li')
    await press('faults', preset.busy)
    await press('faults', preset.blocked)
    await press('faults', preset.slow)
    await until(async () => (await lines.count()) === 3)
    await press('faults', remove('jscode2session · errcode 40226 · once'))
    await until(async () => (await lines.count()) === 2)
    expect((await t.world.sandbox('faults')).body).toMatchObject([
      { errcode: -1 },
      { delayMs: 3000 },
    ])
    await press('faults', clearAll)
    await faults.getByText(texts.panels.faults.noneActive).waitFor()
    expect((await t.world.sandbox('faults')).body).toEqual([])
  })

  it('shows faults that somebody else ordered once anything happens', async () => {
    const { panel } = await t.open()
    const faults = await panel('faults')
    await t.world.sandbox('faults', { endpoint: 'checksession', errcode: 48001 })
    await takeCode()
    await faults.getByText('checksession · errcode 48001 · until cleared').waitFor()
  })

  it('takes the store away and brings it back', async () => {
    const { panel, phoneShows, tapOnPhone, arrow, texts } = await t.open()
    await phoneShows('已登录')
    const faults = await panel('faults')
    await faults
      .getByRole('radio', { name: texts.panels.faults.storeStates.down, exact: true })
      .check()
    await until(async () => (await t.world.sandbox('store')).body.state === 'down')
    await tapOnPhone('刷新')
    await arrow(/GET \/me\b.*503/).waitFor()
    await faults
      .getByRole('radio', { name: texts.panels.faults.storeStates.up, exact: true })
      .check()
    await until(async () => (await t.world.sandbox('store')).body.state === 'up')
    await tapOnPhone('刷新')
    await arrow(/GET \/me\b.*200/).waitFor()
  })
})

describe('the Clock panel', () => {
  it('moves the sandbox’ clock with one click: a code of before is worth nothing', async () => {
    const { panel, phoneShows, press, texts } = await t.open()
    await phoneShows('已登录')
    const code = await takeCode()
    const before = (await t.world.sandbox('clock')).body.now as number
    const state = await panel('state')
    await state
      .getByText(/^4:\d\d$/)
      .first()
      .waitFor()

    await press('clock', texts.panels.clock.jumps.minutes)
    const clock = await panel('clock')
    await clock.getByText(texts.panels.clock.moved('5 min')).waitFor()
    expect((await t.world.sandbox('clock')).body.now - before).toBeGreaterThanOrEqual(300_000)
    expect(await loginElsewhere(code)).toBe(401)
    await panel('state')
    await state.locator('.ring').first().getByText(texts.panels.common.expired).waitFor()
  })

  it('shows a clock that runs, and how far it is ahead', async () => {
    const { panel, press, texts } = await t.open()
    const clock = await panel('clock')
    const shown = clock.locator('.clock-time')
    const before = await shown.textContent()
    await until(async () => (await shown.textContent()) !== before)
    const lead = async () => (await t.world.sandbox('clock')).body.now - Date.now()
    const leadBefore = await lead()
    await press('clock', texts.panels.clock.jumps.hours)
    await clock.getByText(texts.panels.clock.moved('2 h')).waitFor()
    await press('clock', texts.panels.clock.jumps.days)
    await clock.getByText(texts.panels.clock.moved('30 d')).waitFor()
    const moved = (await lead()) - leadBefore
    // The two looks are not at the same moment; a minute is enough on any machine.
    expect(Math.abs(moved - 30 * 86_400_000 - 2 * 3_600_000)).toBeLessThan(60_000)
    await clock.getByText(/^30 d .*ahead of this computer$/).waitFor()
  })

  it('takes any amount, and refuses what is none', async () => {
    const { panel, texts } = await t.open()
    const clock = await panel('clock')
    const amount = clock.getByLabel(texts.panels.clock.amount)
    const go = clock.getByRole('button', { name: texts.panels.clock.go })
    const before = (await t.world.sandbox('clock')).body.now as number
    for (const wrong of ['', '0', '-5', 'soon', '1e300']) {
      await amount.fill(wrong)
      await go.click()
      await clock.getByRole('alert').getByText(texts.panels.clock.badAmount).waitFor()
    }
    expect((await t.world.sandbox('clock')).body.now - before).toBeLessThan(60_000)
    await amount.fill('1.5')
    await clock.getByLabel(texts.panels.clock.unit).selectOption('hours')
    await go.click()
    await clock.getByText(texts.panels.clock.moved('1 h 30 min')).waitFor()
  })
})
