import type * as Diagnostics from '../src/diagnostics.js'

let diagnostics: typeof Diagnostics
let emitWarning: jest.SpyInstance

beforeEach(async () => {
  // Once a process: each test gets a fresh copy that has warned of nothing.
  await jest.isolateModulesAsync(async () => {
    diagnostics = await import('../src/diagnostics.js')
  })
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
})
afterEach(() => {
  emitWarning.mockRestore()
})

const settled = (): Promise<void> => new Promise(setImmediate)

describe('warnOnce', () => {
  test('is a process warning with a type and a code', () => {
    diagnostics.warnOnce('WX_TEST', 'mind the gap')
    expect(emitWarning.mock.calls).toEqual([
      ['mind the gap', { type: 'WxLoginWarning', code: 'WX_TEST' }],
    ])
  })

  test('says the same thing once, and other things too', () => {
    diagnostics.warnOnce('A', 'first')
    diagnostics.warnOnce('A', 'first')
    diagnostics.warnOnce('A', 'other')
    diagnostics.warnOnce('B', 'first')
    expect(emitWarning.mock.calls.map(([message]) => message as string)).toEqual([
      'first',
      'other',
      'first',
    ])
  })
})

describe('observe', () => {
  test('calls the hook with what there is to see', () => {
    const hook = jest.fn()
    diagnostics.observe('onLogin', hook, 1, 'two')
    expect(hook.mock.calls).toEqual([[1, 'two']])
  })

  test('does nothing without a hook, and does not warn', () => {
    expect(() => diagnostics.observe('onLogin', undefined)).not.toThrow()
    expect(emitWarning).not.toHaveBeenCalled()
  })

  test('does not wait for the hook', () => {
    expect(diagnostics.observe('onLogin', () => new Promise(() => undefined))).toBeUndefined()
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('canary')
      },
    ],
    ['rejects', () => Promise.reject(new Error('canary'))],
    ['rejects with nothing', () => Promise.reject()],
    [
      'returns a thenable that throws',
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- what the test is about
        then() {
          throw new Error('canary')
        },
      }),
    ],
  ])('drops what a hook %s, with one warning that quotes nothing', async (_, hook) => {
    diagnostics.observe('onLogin', hook)
    diagnostics.observe('onLogin', hook)
    await settled()
    expect(emitWarning.mock.calls).toEqual([
      [
        'the hook onLogin failed; hooks that observe must not throw',
        { type: 'WxLoginWarning', code: 'WX_HOOK_onLogin' },
      ],
    ])
  })

  test('warns for each hook that fails', async () => {
    const hook = (): never => {
      throw new Error('x')
    }
    diagnostics.observe('onLogin', hook)
    diagnostics.observe('onError', hook)
    await settled()
    expect(emitWarning).toHaveBeenCalledTimes(2)
  })

  test('says nothing where the hook is well', async () => {
    diagnostics.observe('onLogin', async () => 5)
    diagnostics.observe('onLogin', () => 5)
    await settled()
    expect(emitWarning).not.toHaveBeenCalled()
  })
})
