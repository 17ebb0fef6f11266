import type { WxFetch } from '../../src/option-types.js'
import {
  addressOf,
  askWeChat,
  failureName,
  isOutage,
  untilAborted,
  withinTime,
} from '../../src/wechat/http.js'

const late = { code: 'WX_UPSTREAM', status: 504, reason: 'WeChat did not answer in time' }

describe('untilAborted', () => {
  test('gives what the work gives, and then listens no longer', async () => {
    const stop = new AbortController()
    const add = jest.spyOn(stop.signal, 'addEventListener')
    const remove = jest.spyOn(stop.signal, 'removeEventListener')
    await expect(untilAborted(Promise.resolve(5), stop.signal)).resolves.toBe(5)
    await new Promise(setImmediate)
    expect(remove.mock.calls).toEqual([['abort', add.mock.calls[0]![1]]])
  })

  test('fails as the work fails', async () => {
    const error = new Error('x')
    await expect(untilAborted(Promise.reject(error), new AbortController().signal)).rejects.toBe(
      error,
    )
  })

  test('is 504 as soon as the signal fires, though the work goes on', async () => {
    const stop = new AbortController()
    const waiting = untilAborted(new Promise(() => undefined), stop.signal)
    stop.abort()
    await expect(waiting).rejects.toMatchObject(late)
  })

  test('is 504 where the signal has fired before, whatever becomes of the work', async () => {
    await expect(untilAborted(Promise.resolve(5), AbortSignal.abort())).rejects.toMatchObject(late)
    // Nobody waits for this one any more: it must not end the process either.
    await expect(
      untilAborted(Promise.reject(new Error('dropped')), AbortSignal.abort()),
    ).rejects.toMatchObject(late)
    await new Promise(setImmediate)
  })
})

test.each([
  ['https://wechat.example', 'https://wechat.example/sns?a=b//'],
  ['https://wechat.example///', 'https://wechat.example/sns?a=b//'],
  ['http://127.0.0.1:8080/of//wechat/', 'http://127.0.0.1:8080/of//wechat/sns?a=b//'],
])('an address at %s is %s', (baseUrl, address) => {
  expect(addressOf(baseUrl, '/sns?a=b//')).toBe(address)
})

test('work that takes too long is told so as fetch tells it, and work that does not is left alone', async () => {
  const aborted = withinTime(
    5,
    (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      }),
  )
  await expect(aborted).rejects.toMatchObject({ name: 'TimeoutError' })
  let kept: AbortSignal | undefined
  await expect(withinTime(5, async (signal) => (kept = signal))).resolves.toBe(kept)
  await new Promise((resolve) => setTimeout(resolve, 15))
  expect(kept!.aborted).toBe(false)
})

test.each<[unknown, string]>([
  [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'ECONNRESET'],
  [new Error('x', { cause: { code: 'UND_ERR_SOCKET' } }), 'UND_ERR_SOCKET'],
  [Object.assign(new Error('x', { cause: { code: 'EPIPE' } }), { code: 'OUTER' }), 'EPIPE'],
  [{ code: 'E' }, 'network error'],
  [{ code: 'ECONN at https://wechat' }, 'network error'],
  [{ code: 'https://wechat ECONN' }, 'network error'],
  [{ code: 'E'.repeat(41) }, 'network error'],
  [{ code: 'E2BIG' }, 'network error'],
  [{ code: 5 }, 'network error'],
  [{ code: ['ECONNRESET'] }, 'network error'],
  [undefined, 'network error'],
])('a failure is named by its bare code: %j is %s', (error, name) => {
  expect(failureName(error)).toBe(name)
})

describe('an answer to a fetch of the app’s own', () => {
  const url = 'https://wechat.example/sns'
  const asked = (send: WxFetch): ReturnType<typeof askWeChat> =>
    askWeChat(send, url, { method: 'GET' }, AbortSignal.timeout(5000))
  const text = (length: number): string => JSON.stringify({ a: 1 }).padEnd(length)

  test('may be 64 kB long, whole or in pieces that cut characters', async () => {
    await expect(asked(async () => new Response(text(64 * 1024)))).resolves.toEqual({ a: 1 })
    await expect(asked(async () => new Response(text(64 * 1024 + 1)))).rejects.toMatchObject({
      reason: 'WeChat answered more than 64 kB',
    })
    const bytes = Buffer.from('{"a":"汉字😀"}')
    const pieces = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    await expect(asked(async () => new Response(pieces))).resolves.toEqual({ a: '汉字😀' })
    const cut = new Response(bytes.subarray(0, bytes.indexOf('😀') + 1))
    await expect(asked(async () => cut)).rejects.toMatchObject({ code: 'WX_UPSTREAM' })
  })

  test.each([
    [299, undefined, false],
    [300, 'WeChat answered HTTP 300', false],
    [499, 'WeChat answered HTTP 499', false],
    [500, 'WeChat answered HTTP 500', true],
    [599, 'WeChat answered HTTP 599', true],
  ])('of HTTP %i: refused with %s, away %s', async (status, reason, away) => {
    const cancel = jest.fn()
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('{"a":1}'))
        if (reason === undefined) controller.close()
      },
      cancel,
    })
    const outcome: unknown = await asked(async () => new Response(body, { status })).catch(
      (error: unknown) => error,
    )
    if (reason === undefined) {
      expect(outcome).toEqual({ a: 1 })
      return
    }
    expect(outcome).toMatchObject({ code: 'WX_UPSTREAM', status: 502, reason })
    expect(isOutage(outcome)).toBe(away)
    // Nobody reads it: the connection is free for the next.
    expect(cancel).toHaveBeenCalledTimes(1)
  })

  test.each<[string, Response, string, boolean]>([
    ['200', new Response(null), 'WeChat answered something that is no JSON object', false],
    ['503', new Response(null, { status: 503 }), 'WeChat answered HTTP 503', true],
    ['199', { ok: false, status: 199, body: null } as Response, 'WeChat answered HTTP 199', false],
  ])('without a body, HTTP %s, says %o: %s', async (_, response, reason, away) => {
    const error = await asked(async () => response).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'WX_UPSTREAM', status: 502, reason })
    expect(isOutage(error)).toBe(away)
  })

  test('keeps words apart that a raw line feed stands between', async () => {
    const reply = await asked(async () => new Response('{"errmsg":"not\nnow"}'))
    expect(reply).toEqual({ errmsg: 'not now' })
  })

  test('that cannot be had says that WeChat is away; one that makes no sense does not', async () => {
    const error = await asked(() => Promise.reject(new Error('x'))).catch((e: unknown) => e)
    expect([isOutage(error), isOutage(new Error('x')), isOutage(undefined)]).toEqual([
      true,
      false,
      false,
    ])
    const nonsense = await asked(async () => new Response('x')).catch((e: unknown) => e)
    expect(isOutage(nonsense)).toBe(false)
  })
})
