/** Headings of docs/start-up.md that a message leads to. */
export const topicsIn = (message: string): string[] =>
  [
    ...message.matchAll(
      /https:\/\/github\.com\/express-wx-login\/express-wx-login\/blob\/main\/docs\/start-up\.md#([\w-]+)/g,
    ),
  ].map(([, topic]) => topic!)

/** What `run` throws, which must be of this class. */
export function thrownBy<E extends Error>(
  run: () => unknown,
  type: abstract new (...args: never[]) => E,
): E {
  try {
    run()
  } catch (error) {
    if (error instanceof type) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** Collects the process warnings of a test file; each is given once a process. */
export function collectWarnings(): {
  of: (code: string) => string[]
} {
  let spy: jest.SpyInstance
  beforeAll(() => {
    spy = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  })
  afterAll(() => {
    spy.mockRestore()
  })
  return {
    of: (code) =>
      (spy.mock.calls as [string, { code: string }][])
        .filter(([, options]) => options.code === code)
        .map(([text]) => text),
  }
}
