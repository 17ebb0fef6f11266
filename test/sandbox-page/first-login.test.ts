import { until } from '../support/until.js'
import { withPage } from './support/with-page.js'

const t = withPage()

it('shows a first login from the phone to the store, arrow by arrow', async () => {
  const { phoneShows, tapOnPhone, arrow, phone } = await t.open()
  await phoneShows('已登录')
  await arrow(/wx\.login/).waitFor()
  await arrow(/POST \/wx\/login.*200/).waitFor()
  await arrow(/GET \/sns\/jscode2session.*200/).waitFor()
  const wire = (await t.world.sandbox('wire/messages')).body as {
    from: string
    to: string
    title: string
    user: string | null
  }[]
  const ways = wire.map(({ from, to }) => `${from} ${to}`)
  for (const way of ['phone wechat', 'phone server', 'server wechat', 'server redis'])
    expect(ways).toContain(way)

  await t.world.sandbox('wire', undefined, 'DELETE')
  await until(async () => (await arrow(/\/wx\/login/).count()) === 0)
  await tapOnPhone('刷新')
  await arrow(/GET \/me\b.*200/).waitFor()
  await phone.getByText('我是谁（GET /me）').waitFor()
})

it('reveals the session_key on demand, and only that', async () => {
  const { phoneShows, arrow, page, texts } = await t.open()
  await phoneShows('已登录')
  await arrow(/jscode2session/).click()
  const inspector = page.getByRole('region', { name: texts.wire.inspector.label })
  await inspector.waitFor()
  const secret = /[A-Za-z0-9+/]{22}==/
  const text = async () => (await inspector.textContent()) ?? ''
  await until(async () => (await text()).includes('session_key'))
  expect(await text()).not.toMatch(secret)
  expect(await text()).not.toContain('sandbox-secret-not-a-real-secret')
  expect(await text()).not.toMatch(/0sbx[A-Za-z0-9]{28}/)

  await inspector
    .getByRole('button', { name: texts.wire.inspector.revealField('body.session_key') })
    .first()
    .click()
  await until(async () => secret.test(await text()))
  const shown = secret.exec(await text())![0]
  const { body: state } = await t.world.sandbox(`state?user=${t.user}`)
  const { createHash } = await import('node:crypto')
  expect(createHash('sha256').update(shown).digest('hex').slice(0, 8)).toBe(state.keyId)
  expect(await text()).not.toContain('sandbox-secret-not-a-real-secret')
  expect(await text()).not.toMatch(/0sbx[A-Za-z0-9]{28}/)
})
