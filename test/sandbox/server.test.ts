import http from 'node:http'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { createSandbox } from '../../src/sandbox/index.js'
import { urlOf } from '../../src/sandbox/server.js'
import { exchange, listen, send, until } from './support.js'

describe('listen', () => {
  it('resolves the base URL, on a free port of this machine only', async () => {
    const sandbox = createSandbox()
    expect(() => sandbox.baseUrl).toThrow(/await sandbox\.listen\(\)/)
    const url = await sandbox.listen()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(sandbox.baseUrl).toBe(url)
    await sandbox.close()
    expect(() => sandbox.baseUrl).toThrow(
      expect.objectContaining({ code: 'SANDBOX_NOT_LISTENING' }),
    )
  })

  it.each([
    ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['localhost', /^http:\/\/localhost:\d+$/],
  ])('says under what URL %s is reached', async (host, form) => {
    const sandbox = createSandbox()
    expect(await sandbox.listen(0, host)).toMatch(form)
    expect((await send(sandbox, '/__sandbox/clock')).status).toBe(200)
    await sandbox.close()
  })

  it('rejects a taken port, and can be tried again', async () => {
    const first = await listen()
    const port = Number(new URL(first.baseUrl).port)
    const second = createSandbox()
    await expect(second.listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await second.listen()
    await expect(second.listen()).rejects.toThrow(/listens already/)
    await second.close()
  })

  it('works again after close, with everything as it was', async () => {
    const sandbox = await listen()
    const code = sandbox.user('alice').login()
    const port = Number(new URL(sandbox.baseUrl).port)
    await sandbox.close()
    await sandbox.close()
    await sandbox.listen(port)
    expect((await exchange(sandbox, code)).json.openid).toBe(sandbox.user('alice').openid())
  })
})

describe('close', () => {
  it('cuts requests under way and open connections', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 600_000 })
    const waiting = exchange(sandbox, 'x')
    const idle = net.connect(Number(new URL(sandbox.baseUrl).port), '127.0.0.1')
    const ended = new Promise((resolve) => idle.on('close', resolve))
    await new Promise((resolve) => idle.on('connect', resolve))
    await until(() => sandbox.faults.list().length === 1)
    const failed = expect(waiting).rejects.toThrow('fetch failed')
    await new Promise((resolve) => setTimeout(resolve, 20))
    await sandbox.close()
    await failed
    await ended
  })

  it('during listen waits for it', async () => {
    const sandbox = createSandbox()
    const listening = sandbox.listen(0, 'localhost')
    await sandbox.close()
    await expect(fetch(await listening)).rejects.toThrow('fetch failed')
  })

  it('during a listen that fails does nothing', async () => {
    const taken = await listen()
    const sandbox = createSandbox()
    const listening = sandbox.listen(Number(new URL(taken.baseUrl).port))
    const failed = expect(listening).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await sandbox.close()
    await failed
  })

  it('without listen does nothing', async () => {
    await expect(createSandbox().close()).resolves.toBeUndefined()
  })
})

describe('the server', () => {
  it('is a handler for a server of one’s own', async () => {
    const sandbox = createSandbox()
    const server = http.createServer(sandbox.handler)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    const login = await fetch(`${url}/__sandbox/users/alice/login`, { method: 'POST' })
    expect(await login.json()).toEqual({ code: expect.stringMatching(/^0sbx/) })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('survives a caller that hangs up in the middle of its body', async () => {
    const sandbox = await listen()
    const socket = net.connect(Number(new URL(sandbox.baseUrl).port), '127.0.0.1')
    const head = 'POST /__sandbox/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{'
    await new Promise((resolve) => socket.write(head, resolve))
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.destroy()
    await closed
    expect((await send(sandbox, '/__sandbox/clock')).status).toBe(200)
  })

  it('cuts off a reader of events that does not read', async () => {
    const sandbox = createSandbox()
    const server = http.createServer(sandbox.handler)
    const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const reader = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    reader.on('error', () => undefined)
    reader.pause()
    reader.write('GET /__sandbox/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const socket = await accepted
    await until(() => socket.bytesWritten > 0)

    // Each entry is as large as entries get.
    const query = Array.from({ length: 20 }, (_, i) => `${'n'.repeat(190)}${String(i)}=1`).join('&')
    while (!socket.destroyed) {
      for (let i = 0; i < 100; i++) await sandbox.fetch(`http://x/sns/nothing?${query}`)
    }
    reader.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('urlOf', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1:80'],
    ['0.0.0.0', 'http://127.0.0.1:80'],
    ['::', 'http://[::1]:80'],
    ['fe80::1', 'http://[fe80::1]:80'],
    ['wechat.test', 'http://wechat.test:80'],
  ])('%s is %s', (host, url) => {
    expect(urlOf(host, 80)).toBe(url)
  })
})
