import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type App, eventually, login, root, startApp } from '../example-app/spawn-app.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { temporaryFolder } from '../support/services.js'
import { handOn } from './support/hand.js'
import { launchBrowser, openPage, tellSandbox } from './support/page-world.js'

/** SCREENSHOTS=1 puts the pictures where the documents show them. */
const folder =
  process.env.SCREENSHOTS === '1'
    ? join(root, 'docs/images')
    : join(temporaryFolder('screenshots'), 'images')

let browser: Browser
let sandbox: Sandbox
let app: App
let redis: RedisServer

// With a seed: codes and keys are the same in every picture.
beforeAll(async () => {
  redis = await startRedisServer()
  sandbox = createSandbox({ seed: 'readme' })
  await sandbox.listen()
  app = await startApp({
    WX_API_BASE: sandbox.baseUrl,
    REDIS_URL: await sandbox.tapRedis(redis.url),
  })
  sandbox.target = app.url
  // The first login of a server loads its scripts into Redis: that is another picture.
  await eventually(
    () => login(app, sandbox.baseUrl, 'bob'),
    ({ status }) => status === 200,
  )
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await app?.stop()
  await sandbox?.close()
  await redis?.stop()
})

it.each([
  ['en', 'light'],
  ['en', 'dark'],
  ['zh', 'light'],
  ['zh', 'dark'],
] as const)('pictures a first login: %s, %s', async (lang, theme) => {
  await tellSandbox(sandbox.baseUrl, 'wire', undefined, 'DELETE')
  const opened = await openPage(browser, sandbox.baseUrl, {
    ...{ lang, theme, user: 'alice', width: 1440, height: 900 },
  })
  const { phoneShows, panel, arrow } = handOn(opened, lang)
  await phoneShows('已登录')
  await panel('state')
  await arrow(/GET \/me\b.*200/).waitFor()
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `sandbox-${theme}-${lang}.png`)
  await opened.page.screenshot({ path, animations: 'disabled', caret: 'hide' })
  expect(opened.problems).toEqual([])
  await opened.close()
  const { size } = statSync(path)
  // It shows something, and a README with four of them still opens at once.
  expect(size).toBeGreaterThan(50_000)
  expect(size).toBeLessThan(250_000)
})
