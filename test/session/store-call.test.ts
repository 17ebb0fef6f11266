import { DeadlineError } from '../../src/deadline.js'
import { WxLoginError } from '../../src/errors.js'
import {
  available,
  disconnected,
  storeCall,
  storeUnavailable,
} from '../../src/session/store-call.js'

const unavailable = { code: 'WX_STORE_UNAVAILABLE', status: 503, action: 'retry' }

describe('storeUnavailable', () => {
  test.each<[string, unknown, string]>([
    [
      'a late answer',
      new DeadlineError('no answer within 5 ms'),
      'the session store gave no answer within 5 ms',
    ],
    ['an error', new RangeError('canary'), 'the session store failed: RangeError'],
    [
      'an error with a code',
      Object.assign(new Error('canary'), { code: 'ECONNREFUSED' }),
      'the session store failed: Error ECONNREFUSED',
    ],
    [
      'an error that begins with a word of Redis',
      new Error('OOM command not allowed when used memory > canary'),
      'the session store failed: Error OOM',
    ],
    ['an error whose words are its own', new Error('EXTRA'), 'the session store failed: Error'],
    [
      'an error with such a word inside',
      new Error('a KEY canary'),
      'the session store failed: Error',
    ],
    ['an error without words', new Error(), 'the session store failed: Error'],
    ['a string', 'canary', 'the session store failed: unknown error'],
    ['an object', { name: 'canary' }, 'the session store failed: unknown error'],
    ['undefined', undefined, 'the session store failed: unknown error'],
    ['null', null, 'the session store failed: unknown error'],
  ])('is one answer for %s, without its text', (_, error, reason) => {
    const made = storeUnavailable(error)
    expect(made).toMatchObject({ ...unavailable, reason })
    expect(made.cause).toBeUndefined()
    expect(String(made.stack)).not.toContain('canary')
  })

  test('leaves a WxLoginError as it is', () => {
    const error = new WxLoginError('WX_SESSION_MISSING')
    expect(storeUnavailable(error)).toBe(error)
  })

  test('is what a store known to be away gives', () => {
    expect(disconnected()).toMatchObject({
      ...{ ...unavailable, reason: 'the session store is disconnected' },
    })
  })
})

describe('available', () => {
  test('gives what the store gives', async () => {
    await expect(available(async () => 5)).resolves.toBe(5)
  })

  test('is unavailable where the store rejects', async () => {
    await expect(available(() => Promise.reject(new Error('x')))).rejects.toMatchObject(unavailable)
  })
})

describe('storeCall', () => {
  test('gives what the store calls back with; nothing becomes null', async () => {
    await expect(storeCall(1000, (done) => done(null, { a: 1 }))).resolves.toEqual({ a: 1 })
    await expect(storeCall(1000, (done) => setImmediate(done, undefined, 5))).resolves.toBe(5)
    await expect(storeCall(1000, (done) => done())).resolves.toBeNull()
    await expect(storeCall(1000, (done) => done(null, null))).resolves.toBeNull()
  })

  test('is unavailable where the store calls back with an error or throws', async () => {
    await expect(storeCall(1000, (done) => done(new Error('x')))).rejects.toMatchObject(unavailable)
    await expect(
      storeCall(1000, () => {
        throw new TypeError('x')
      }),
    ).rejects.toMatchObject({ ...unavailable, reason: 'the session store failed: TypeError' })
  })

  test('is unavailable where the store never calls back', async () => {
    await expect(storeCall(10, () => undefined)).rejects.toMatchObject({
      ...unavailable,
      reason: 'the session store gave no answer within 10 ms',
    })
  })

  test('takes the first of two answers', async () => {
    await expect(
      storeCall(1000, (done) => {
        done(null, 1)
        done(new Error('again'))
      }),
    ).resolves.toBe(1)
  })
})
