import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type {
  SandboxWx,
  SandboxWxCallbacks,
  SandboxWxFailure,
  SandboxWxReply,
  SandboxWxRequestOptions,
  SandboxWxUploadOptions,
} from '../../src/sandbox/index.js'

/** What a function of `wx` that takes callbacks told them, in the order in which it did. */
export interface Told<Result> {
  success?: Result
  fail?: SandboxWxFailure
  order: string[]
}

/** Calls with all three callbacks; resolves once `complete` was called. */
export const call = <Result>(
  run: (callbacks: Required<SandboxWxCallbacks<Result>>) => unknown,
): Promise<Told<Result>> =>
  new Promise((resolve) => {
    const told: Told<Result> = { order: [] }
    run({
      success(result) {
        told.success = result
        told.order.push('success')
      },
      fail(failure) {
        told.fail = failure
        told.order.push('fail')
      },
      complete(result) {
        told.order.push('complete')
        expect(result).toBe(told.success ?? told.fail)
        resolve(told)
      },
    })
  })

type Plain<O> = Omit<O, 'success' | 'fail' | 'complete'>

export const request = (
  wx: SandboxWx,
  options: Plain<SandboxWxRequestOptions>,
): Promise<Told<SandboxWxReply>> => call((callbacks) => wx.request({ ...options, ...callbacks }))

export const upload = (
  wx: SandboxWx,
  options: Plain<SandboxWxUploadOptions>,
): Promise<Told<SandboxWxReply<string>>> =>
  call((callbacks) => wx.uploadFile({ ...options, ...callbacks }))

/** A server of the test's own. */
export interface Server {
  url: string
  /** Requests that have arrived. */
  arrived: IncomingMessage[]
}

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})

/** Starts a server on a free port; closed after the test. */
export async function serve(
  answer: (req: IncomingMessage, res: ServerResponse, body: string) => void,
): Promise<Server> {
  const arrived: IncomingMessage[] = []
  const server = createServer((req, res) => {
    arrived.push(req)
    let body = ''
    req.setEncoding('latin1')
    req.on('data', (chunk: string) => (body += chunk))
    req.on('end', () => {
      answer(req, res, Buffer.from(body, 'latin1').toString('utf8'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, arrived }
}

/** Answers what was asked, as JSON. */
export const echo = (): Promise<Server> =>
  serve((req, res, body) => {
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body }))
  })

/** Answers nothing until `answer` is called. */
export async function hold(): Promise<Server & { answer: () => void }> {
  const held: ServerResponse[] = []
  const server = await serve((_req, res) => void held.push(res))
  return {
    ...server,
    answer() {
      for (const res of held.splice(0)) res.end('{}')
    },
  }
}
