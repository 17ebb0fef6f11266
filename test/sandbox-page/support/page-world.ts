import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { type Answer, type App, http, startApp } from '../../example-app/spawn-app.js'
import { ensureChromium } from '../../support/services.js'

/** One browser for a test file. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = await ensureChromium()
  // Tests run as root in containers, where Chromium's own sandbox cannot.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** The real example app with its sandbox, and a browser. */
export interface PageWorld {
  app: App
  sandboxUrl: string
  browser: Browser
  /** Tells the sandbox something: path below `/__sandbox`. */
  sandbox(path: string, body?: object, method?: string): Promise<Answer>
  /** Opens the page, in a context of its own. */
  open(options?: OpenOptions): Promise<OpenPage>
  close(): Promise<void>
}

export async function createPageWorld(env: Record<string, string> = {}): Promise<PageWorld> {
  // The app first: it is what may be missing, and then no browser is left behind.
  const app = await startApp(env)
  const browser = await launchBrowser()
  const sandboxUrl = /(http:\/\/\S+)\/__sandbox/.exec(app.output())![1]!
  return {
    app,
    sandboxUrl,
    browser,
    sandbox: (path, body, method) => tellSandbox(sandboxUrl, path, body, method),
    open: (options) => openPage(browser, sandboxUrl, options),
    async close() {
      await browser.close()
      await app.stop()
    },
  }
}

/** Asks the control surface as curl does: GET without a body, else POST. */
export const tellSandbox = (
  sandboxUrl: string,
  path: string,
  body?: object,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Answer> => http(`${sandboxUrl}/__sandbox/${path}`, { method, body })

export interface OpenOptions {
  user?: string
  /** What stands in the URL as it is. */
  target?: string
  lang?: 'en' | 'zh'
  theme?: 'light' | 'dark'
  width?: number
  height?: number
  /** Whether the introduction is open, as at a first visit. Default: not */
  guide?: boolean
}

/** The page in somebody's browser. */
export interface OpenPage {
  page: Page
  context: BrowserContext
  /** What went wrong: errors of scripts, breaches of the CSP, requests to another origin. */
  problems: string[]
  close(): Promise<void>
}

export async function openPage(
  browser: Browser,
  sandboxUrl: string,
  options: OpenOptions = {},
): Promise<OpenPage> {
  const {
    lang = 'en',
    theme = 'light',
    width = 1600,
    height = 1000,
    guide = false,
    user,
    target,
  } = options
  const context = await browser.newContext({
    viewport: { width, height },
    locale: lang === 'zh' ? 'zh-CN' : 'en-US',
    colorScheme: theme,
    // No animation makes a test wait or a screenshot differ.
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message))
  page.on('console', (message) => {
    // The browser itself tells of each reply that is no success.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text())
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.origin !== sandboxUrl && !['data:', 'blob:'].includes(url.protocol))
      problems.push(`request to ${url.origin}`)
  })
  await context.exposeBinding('reportBreach', (_source, breach: string) => problems.push(breach))
  await context.addInitScript(`
    addEventListener('securitypolicyviolation', (event) => {
      reportBreach('CSP: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + location.pathname)
    })`)
  await context.addInitScript(`
    if (!localStorage.getItem('express-wx-login sandbox'))
      localStorage.setItem('express-wx-login sandbox', '{"guide":${String(guide)}}')`)
  const query = new URLSearchParams({
    ...(user !== undefined && { user }),
    ...(target !== undefined && { target }),
  })
  await page.goto(`${sandboxUrl}/__sandbox?${query.toString()}`)
  return { page, context, problems, close: () => context.close() }
}
