import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import { type App, type Answer, http, login, root, startApp } from '../../example-app/spawn-app.js'
import { ensureChromium, temporaryFolder } from '../../support/services.js'
import { until } from '../../support/until.js'
import { type PageServer, startPageServer } from './page-server.js'

// Of the browser: the tests themselves have no DOM.
declare function getComputedStyle(element: unknown): { backgroundColor: string }

const execute = promisify(execFile)

/** The real example app with its sandbox, the compiled mini program, and a browser to hold phones in. */
export interface World {
  app: App
  sandboxUrl: string
  server: PageServer
  /** Tells the sandbox something: path below `/__sandbox`. */
  sandbox(path: string, body?: object, method?: string): Promise<Answer>
  /** A login of the same user somewhere else: a token to look into the server with. */
  elsewhere(user: string): Promise<string>
  /** Takes a phone of this user and opens the mini program. */
  open(user: string, options?: DeviceOptions): Promise<Device>
  close(): Promise<void>
}

export interface DeviceOptions {
  /** The user has not agreed to the privacy guide yet. */
  askPrivacy?: boolean
  dark?: boolean
  /** A finger unless said otherwise. */
  pointer?: 'finger' | 'mouse'
}

export async function createWorld(): Promise<World> {
  const folder = temporaryFolder('miniprogram')
  const [executablePath, app] = await Promise.all([ensureChromium(), startApp(), compile(folder)])
  const sandboxUrl = /(http:\/\/\S+)\/__sandbox/.exec(app.output())![1]!
  const [server, browser] = await Promise.all([
    startPageServer(folder, { app: app.url, sandbox: sandboxUrl }),
    // Tests run as root in containers, where Chromium's own sandbox cannot.
    chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] }),
  ])
  return {
    app,
    sandboxUrl,
    server,
    sandbox: (path, body = {}, method = 'POST') =>
      http(`${sandboxUrl}/__sandbox/${path}`, { method, body }),
    elsewhere: async (user) => (await login(app, sandboxUrl, user)).body.token as string,
    open: (user, options = {}) => openDevice(browser, server.url, user, options),
    async close() {
      await browser.close()
      await Promise.all([server.close(), app.stop()])
    },
  }
}

async function compile(folder: string): Promise<void> {
  const script = join(root, 'scripts/miniprogram/compile.js')
  const miniprogram = join(root, 'example-app/miniprogram')
  await execute(process.execPath, [script, miniprogram, join(__dirname, 'phone.js'), folder])
}

/** A phone in somebody's hand. */
export interface Device {
  readonly page: Page
  /** What went wrong in the mini program's own code. */
  readonly errors: string[]
  /** The page of the mini program that shows. */
  readonly screen: Locator
  tap(text: string): Promise<void>
  tapTab(text: string): Promise<void>
  type(placeholder: string, text: string): Promise<void>
  /** Waits until all of the texts are to be seen. */
  sees(...texts: string[]): Promise<void>
  /** Waits for a toast with this text; it may be gone again already. */
  isTold(text: string): Promise<void>
  /** Waits until the text is gone. */
  doesNotSee(text: string): Promise<void>
  /** The colour behind the first element of a selector. */
  background(selector: string): Promise<string>
  pullDown(): Promise<void>
  /** Closes the mini program and opens it again, with what the phone has stored. */
  reopen(): Promise<void>
  putAway(): Promise<void>
}

async function openDevice(
  browser: Browser,
  url: string,
  user: string,
  { askPrivacy = false, dark = false, pointer = 'finger' }: DeviceOptions,
): Promise<Device> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 375, height: 700 },
    hasTouch: pointer === 'finger',
    isMobile: pointer === 'finger',
    locale: 'zh-CN',
    colorScheme: dark ? 'dark' : 'light',
  })
  // Nothing here takes longer; a test that fails should say so soon.
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message))
  page.on('console', (message) => {
    // The browser itself tells of each reply that is no success.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text())
  })
  // A toast goes by itself, perhaps before a slow machine has looked.
  await page.addInitScript(`
    window.toasts = []
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const { classList, textContent } of addedNodes)
          if (classList?.contains('toast')) toasts.push(textContent)
    }).observe(document, { childList: true, subtree: true })`)
  const query = new URLSearchParams({ user, ...(askPrivacy && { privacy: 'ask' }) })
  await page.goto(`${url}/?${query.toString()}`)

  const screen = page.locator('.shell-page:not([hidden])')
  const shown = (text: string): Locator =>
    page.locator('.shell').getByText(text).filter({ visible: true })
  const press = (locator: Locator): Promise<void> =>
    pointer === 'finger' ? locator.tap() : locator.click()

  return {
    page,
    errors,
    screen,
    // What is on top comes last in the document.
    tap: (text) => press(page.getByRole('button', { name: text, exact: true }).last()),
    tapTab: (text) => press(page.locator('.shell-tab', { hasText: text })),
    async type(placeholder, text) {
      await screen.getByLabel(placeholder).fill(text)
    },
    async sees(...texts) {
      for (const text of texts) await shown(text).first().waitFor()
    },
    async isTold(text) {
      await page.waitForFunction(`toasts.includes(${JSON.stringify(text)})`)
    },
    async doesNotSee(text) {
      await until(async () => (await shown(text).count()) === 0)
    },
    background: (selector) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).backgroundColor),
    async pullDown() {
      const finger = await context.newCDPSession(page)
      const touch = (type: string, y?: number): Promise<unknown> =>
        finger.send('Input.dispatchTouchEvent', {
          type: type as 'touchStart',
          touchPoints: y === undefined ? [] : [{ x: 187, y }],
        })
      await touch('touchStart', 200)
      for (const y of [230, 270, 310]) await touch('touchMove', y)
      await touch('touchEnd')
      await finger.detach()
    },
    async reopen() {
      await page.reload()
    },
    putAway: () => context.close(),
  }
}
