import type { Express } from 'express'
import expressSession from 'express-session'
import { sessionSecret, withTestApp } from '../support/test-app.js'
import { collectWarnings, topicsIn } from './told.js'

const warnings = collectWarnings()

/** The app's own session, whose cookie is for TLS only. */
const before =
  (trust: boolean) =>
  (app: Express): void => {
    if (trust) app.set('trust proxy', 1)
    const cookie = { secure: true }
    const own = { secret: sessionSecret, resave: false, saveUninitialized: false, cookie }
    app.use(expressSession(own))
  }

test('a login whose cookie express-session leaves out is warned of; one behind a trusted proxy is not', async () => {
  for (const trust of [true, false]) {
    expect(warnings.of('WX_SECURE_COOKIE')).toEqual([])
    await withTestApp({ before: before(trust), wx: { session: undefined } }, async (t) => {
      const login = await t.http
        .post('/wx/login')
        .set('X-Forwarded-Proto', 'https')
        .send({ code: t.sandbox.user('alice').login() })
      expect(login.status).toBe(200)
      expect(login.headers['set-cookie'] !== undefined).toBe(trust)
    })
  }
  const [text] = warnings.of('WX_SECURE_COOKIE')
  expect(text).toMatch(/app\.set\('trust proxy', 1\)/)
  expect(topicsIn(text!)).toEqual(['secure-cookie'])
})
