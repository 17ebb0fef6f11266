import { execFile } from 'node:child_process'

test('a subscriber that throws breaks no request: what it threw is an uncaughtException, as Node has it', async () => {
  const script = `
    const { subscribe } = require('node:diagnostics_channel')
    const express = require('express')
    const { wxLogin, requireWxSession } = require('./dist/cjs/index.js')
    const { createSandbox } = require('./dist/cjs/sandbox/index.js')
    const thrown = []
    process.on('uncaughtException', (error) => thrown.push(error.message))
    for (const name of ['login:made', 'login:failed', 'guard:refused', 'error'])
      subscribe('express-wx-login:' + name, () => { throw new Error(name) })
    for (const event of ['start', 'end', 'asyncStart', 'asyncEnd'])
      subscribe('tracing:express-wx-login:wechat:' + event, () => { throw new Error(event) })
    const sandbox = createSandbox()
    const { appid, secret } = sandbox
    const app = express()
    app.use(wxLogin({ appid, secret, session: { secret: 's'.repeat(40) }, wechat: { fetch: sandbox.fetch } }))
    app.get('/me', requireWxSession, (req, res) => res.json(req.wx.appid))
    const server = app.listen(0, async () => {
      const ask = (path, body) => fetch('http://127.0.0.1:' + server.address().port + path, body && {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      const statuses = []
      for (const reply of [
        await ask('/wx/login', { code: sandbox.user('alice').login() }),
        await ask('/wx/login', { code: 'nonsense' }),
        await ask('/me'),
      ]) statuses.push(reply.status)
      console.log(JSON.stringify({ statuses, thrown: [...new Set(thrown)].sort() }))
      process.exit(0)
    })`
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, ['-e', script], { cwd: `${__dirname}/../..` }, (error, stdout) => {
      if (error) reject(error)
      else resolve(stdout)
    })
  })
  expect(JSON.parse(output)).toEqual({
    statuses: [200, 401, 401],
    thrown: [
      'asyncEnd',
      'asyncStart',
      'end',
      'error',
      'guard:refused',
      'login:failed',
      'login:made',
      'start',
    ],
  })
})
