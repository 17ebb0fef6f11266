import { untilAborted } from '../../src/wechat/http.js'

const late = { code: 'WX_UPSTREAM', status: 504, reason: 'WeChat did not answer in time' }

describe('untilAborted', () => {
  test('gives what the work gives, and then listens no longer', async () => {
    const stop = new AbortController()
    const remove = jest.spyOn(stop.signal, 'removeEventListener')
    await expect(untilAborted(Promise.resolve(5), stop.signal)).resolves.toBe(5)
    await new Promise(setImmediate)
    expect(remove).toHaveBeenCalledTimes(1)
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
