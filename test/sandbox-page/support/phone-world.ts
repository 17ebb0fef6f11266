import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Frame, FrameLocator, Page } from 'playwright-core'
import type { FromPhone, PhoneStatus, ToPhone } from '../../../sandbox-page/phone-messages.js'
import { createSandbox, type Sandbox } from '../../../src/sandbox/index.js'
import { type App, http, root, startApp } from '../../example-app/spawn-app.js'
import { startTestApp, type TestApp } from '../../support/test-app.js'
import { until } from '../../support/until.js'
import { launchBrowser } from './page-world.js'

/** The sandbox with the phone in its page, the real example app as its target, and somebody's backend beside it. */
export interface PhoneWorld {
  sandbox: Sandbox
  sandboxUrl: string
  app: App
  /** A backend with the login and without the example's own routes. */
  backend: TestApp
  browser: Browser
  open(options?: PhoneOpening): Promise<HeldPhone>
  close(): Promise<void>
}

export interface PhoneOpening {
  /** Of the phone's URL. */
  query?: Record<string, string>
  /** Storage of the browser that an earlier phone left. */
  context?: BrowserContext
  /** Not in a frame but a page of its own. */
  alone?: boolean
}

/** The phone in somebody's browser, in a frame as on the page. */
export interface HeldPhone {
  page: Page
  context: BrowserContext
  phone: FrameLocator
  /** The frame itself, to look into it. */
  frame(): Frame
  /** Errors of scripts and breaches of the CSP. */
  problems: string[]
  send(message: ToPhone | object): Promise<void>
  /** What the phone told the page so far. */
  heard(): Promise<FromPhone[]>
  /** What it told last of itself. */
  status(): Promise<PhoneStatus>
  /** Waits until the phone told this of itself. */
  becomes(wanted: Partial<PhoneStatus>): Promise<void>
  tap(name: string): Promise<void>
  tapTab(name: string): Promise<void>
  sees(...texts: string[]): Promise<void>
  doesNotSee(text: string): Promise<void>
}

const framePath = '/__test/frame'

function mustBeBuilt(): void {
  if (!existsSync(join(root, 'dist/page/phone/boot.js')))
    throw new Error('The phone of the sandbox page is not built. Run: npm run build')
}

export async function createPhoneWorld(): Promise<PhoneWorld> {
  mustBeBuilt()
  const sandbox = createSandbox({ rateLimit: 0 })
  const sandboxUrl = await sandbox.listen()
  const [browser, app, backend] = await Promise.all([
    launchBrowser(),
    startApp({ WX_API_BASE: sandboxUrl }),
    startTestApp({
      sandbox,
      before(server) {
        server.get('/me', (_req, res) => void res.status(404).send('no such page'))
      },
    }),
  ])
  sandbox.target = app.url
  return {
    ...{ sandbox, sandboxUrl, app, backend, browser },
    open: (options) => openPhone(browser, sandboxUrl, options),
    async close() {
      await browser.close()
      await app.stop()
      await backend.close()
      await sandbox.close()
    },
  }
}

async function newContext(browser: Browser, sandboxUrl: string): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 360, height: 680 },
    locale: 'zh-CN',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(15_000)
  await context.addInitScript(`
    addEventListener('securitypolicyviolation', (event) => {
      console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI)
    })`)
  // Of one origin with the phone, as the page is.
  await context.route(`${sandboxUrl}${framePath}*`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><style>html,body{height:100%;margin:0}</style>
        <script>
          heard = []
          onmessage = ({ data }) => heard.push(data)
        </script>
        <iframe title="phone" style="width:100%;height:100%;border:0"
          ></iframe>
        <script>document.querySelector('iframe').src = '/__sandbox/phone/' + location.search</script>`,
    }),
  )
  return context
}

async function openPhone(
  browser: Browser,
  sandboxUrl: string,
  { query = {}, alone = false, ...options }: PhoneOpening = {},
): Promise<HeldPhone> {
  const context = options.context ?? (await newContext(browser, sandboxUrl))
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message))
  page.on('console', (message) => {
    // The browser itself tells of each reply that is no success.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text())
  })
  const path = alone ? '/__sandbox/phone/' : framePath
  await page.goto(`${sandboxUrl}${path}?${new URLSearchParams(query).toString()}`)

  const phone = alone ? page.frameLocator(':root') : page.frameLocator('iframe')
  const root = alone ? page.locator(':root') : phone.locator(':root')
  const heard = (): Promise<FromPhone[]> => page.evaluate('heard')
  const status = async (): Promise<PhoneStatus> => {
    const told = (await heard()).filter((message) => message.type !== 'error')
    const last = told.at(-1)
    if (last === undefined) throw new Error('The phone has said nothing yet.')
    return last.status
  }
  const shown = (text: string) => root.getByText(text).filter({ visible: true })

  return {
    page,
    context,
    phone,
    frame: () => page.frames().at(-1)!,
    problems,
    send: (message) =>
      page.evaluate(
        `document.querySelector('iframe').contentWindow.postMessage(${JSON.stringify(message)}, '*')`,
      ),
    heard,
    status,
    becomes: (wanted) =>
      until(async () => {
        const now = (await heard()).some(({ type }) => type !== 'error') ? await status() : {}
        return Object.entries(wanted).every(
          ([key, value]) => JSON.stringify(now[key as keyof typeof now]) === JSON.stringify(value),
        )
      }),
    // What is on top comes last in the document.
    tap: (name) => root.getByRole('button', { name, exact: true }).last().click(),
    tapTab: (name) => root.locator('.shell-tab', { hasText: name }).click(),
    async sees(...texts) {
      for (const text of texts) await shown(text).first().waitFor()
    },
    async doesNotSee(text) {
      await until(async () => (await shown(text).count()) === 0)
    },
  }
}

/** `GET /me` of the example app, by a login of the same user somewhere else. */
export async function meOnServer({ app, sandbox }: PhoneWorld, user: string) {
  const code = sandbox.user(user).login()
  const { token } = (await http(`${app.url}/wx/login`, { body: { code } })).body
  return (await http(`${app.url}/me`, { token })).body
}
