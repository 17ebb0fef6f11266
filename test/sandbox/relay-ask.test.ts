import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ask } from '../../src/sandbox/relay/ask.js'

test('a request whose sender has hung up before it begins is not sent', async () => {
  const asked = jest.fn()
  const server = createServer((_req, res) => {
    asked()
    res.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const answer = await ask({
    url: new URL(`http://127.0.0.1:${String(port)}/`),
    method: 'GET',
    headers: [],
    body: new Uint8Array(),
    timeout: 1000,
    signal: AbortSignal.abort(),
  })
  expect(answer).toEqual({ kind: 'gone' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(asked).not.toHaveBeenCalled()
  await new Promise((resolve) => server.close(resolve))
})
