import type { Browser } from 'playwright-core'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { freePort } from '../support/services.js'
import { handOn } from './support/hand.js'
import {
  launchBrowser,
  openPage,
  type OpenOptions,
  type OpenPage,
  tellSandbox,
} from './support/page-world.js'

let browser: Browser
let sandbox: Sandbox
let opened: OpenPage | undefined

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
})
beforeEach(async () => {
  sandbox = createSandbox()
  await sandbox.listen()
})
afterEach(async () => {
  const problems = opened?.problems
  await opened?.close()
  opened = undefined
  await sandbox.close()
  expect(problems).toEqual([])
})

async function open(options: OpenOptions) {
  opened = await openPage(browser, sandbox.baseUrl, options)
  return { ...opened, ...handOn(opened) }
}

/** Whatever is wrong around it: a fault can be ordered, and what happens is drawn. */
async function worksOtherwise({ press, panel, arrow, texts }: Awaited<ReturnType<typeof open>>) {
  await press('faults', texts.panels.faults.preset.busy)
  const faults = await panel('faults')
  await faults.getByText('jscode2session · errcode -1 · once').waitFor()
  await tellSandbox(sandbox.baseUrl, 'users/somebody/login', {})
  await arrow(/wx\.login/).waitFor()
}

describe('a name of a user', () => {
  it.each(['<img src=x onerror=alert(1)>', '爱丽丝 😀', '../../a&b=c#d%E0%A4%A'])(
    'may be %j',
    async (user) => {
      const here = await open({ user })
      const openid = sandbox.user(user).openid()
      const state = await here.panel('state')
      await state.getByText(openid, { exact: true }).waitFor()
      expect(await here.page.locator('img[src="x"]').count()).toBe(0)
      await worksOtherwise(here)
    },
  )

  it.each(['x'.repeat(65), 'a\u0000b'])('that is none is refused in words: %j', async (user) => {
    const here = await open({ user })
    const state = await here.panel('state')
    await state
      .getByRole('alert')
      .getByText(/name|user/i)
      .first()
      .waitFor()
    await worksOtherwise(here)
  })
})

describe('a target', () => {
  it.each(['not a url', 'javascript:alert(1)'])(
    'that is no address is refused in words: %j',
    async (target) => {
      const here = await open({ user: 'alice', target })
      await here.page.getByText(here.texts.shell.header.targetNoUrl).first().waitFor()
      await worksOtherwise(here)
    },
  )

  it('elsewhere is refused in words', async () => {
    const here = await open({ user: 'alice', target: 'http://example.com' })
    await here.page.getByText(here.texts.shell.header.targetForbidden).first().waitFor()
    await worksOtherwise(here)
  })

  it('that is dead is said to be dead, and the phone says so too', async () => {
    const target = `http://127.0.0.1:${String(await freePort())}`
    const here = await open({ user: 'alice', target })
    await here.arrow(/\/wx\/login.*502|\/wx\/login.*not reached/).waitFor()
    await worksOtherwise(here)
  })

  it('that is not named leaves the rest in order', async () => {
    const here = await open({ user: 'alice' })
    await here.page.getByText(here.texts.shell.header.targetNone).first().waitFor()
    await worksOtherwise(here)
  })
})

it('goes on unharmed when control requests make no sense', async () => {
  const here = await open({ user: 'alice' })
  const ask = (path: string, body: string, method = 'POST') =>
    fetch(`${sandbox.baseUrl}/__sandbox/${path}`, {
      method,
      ...(method === 'POST' && { body, headers: { 'content-type': 'application/json' } }),
    })
  const answers = await Promise.all([
    ask('faults', '{'),
    ask('faults', '{"endpoint":"nowhere","errcode":1}'),
    ask('clock', '{"advanceMs":-1}'),
    ask('clock', '"tomorrow"'),
    ask('store', '{"state":"gone"}'),
    ask('users/%E0%A4%A/login', ''),
    ask('wire/1/reveal', '{"part":"all"}'),
    ask('wire/nothing', '', 'GET'),
    ask('state?user=', '', 'GET'),
    ask('relay/nowhere/x', '', 'GET'),
    ask('page/%2e%2e%2f%2e%2e%2fpackage.json', '', 'GET'),
  ])
  for (const answer of answers) {
    expect([answer.url, answer.status]).toEqual([answer.url, expect.any(Number)])
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(await answer.json()).toMatchObject({
      error: { code: expect.any(String), message: expect.any(String) },
    })
  }
  await worksOtherwise(here)
})

it('says that the sandbox is away, and goes on by itself when it is back', async () => {
  const here = await open({ user: 'alice' })
  const { page, arrow, texts } = here
  await tellSandbox(sandbox.baseUrl, 'users/before/login', {})
  await arrow(/before/).waitFor()
  const port = Number(new URL(sandbox.baseUrl).port)
  await sandbox.close()
  await page.getByText(texts.shell.banner.away, { exact: true }).waitFor()

  // Another one, which knows nothing of before.
  sandbox = createSandbox()
  await sandbox.listen(port)
  await page.getByText(texts.shell.banner.away, { exact: true }).waitFor({ state: 'detached' })
  await arrow(/before/).waitFor({ state: 'detached' })
  await worksOtherwise(here)
})
