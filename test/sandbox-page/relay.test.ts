import express from 'express'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApi } from '../../sandbox-page/api/index.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'

describe('what the page itself asks of the server under test', () => {
  let sandbox: Sandbox
  let server: Server
  let origin: string
  beforeAll(async () => {
    sandbox = createSandbox()
    await sandbox.listen()
    const app = express()
    app.use(express.json())
    app.post(['/wx/logout', '/shop/wx/logout'], (req, res) => {
      res.json({ path: req.path, token: req.get('Authorization'), body: req.body as unknown })
    })
    server = await new Promise<Server>((resolve) => {
      const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
    })
    origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  })
  afterAll(async () => {
    server?.close()
    await sandbox?.close()
  })

  test.each(['', '/shop'])(
    'comes to it, also where it is mounted under a path: "%s"',
    async (at) => {
      const reply = await createApi(sandbox.baseUrl).relay({
        ...{ target: origin + at, path: '/wx/logout', method: 'POST' },
        ...{ user: '爱丽丝', token: 'a-token', body: { everywhere: true } },
      })
      expect(reply).toEqual({
        status: 200,
        body: { path: `${at}/wx/logout`, token: 'Bearer a-token', body: { everywhere: true } },
      })
    },
  )
})
