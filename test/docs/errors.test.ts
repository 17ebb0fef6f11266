import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCodes, WxLoginError } from '../../src/errors.js'
import { anchor, codes, errorPages, httpPages, read, root, tableWith } from './markdown.js'

describe.each(errorPages)('%s', (path) => {
  const page = read(path)
  const headings = page.headings.filter(({ level }) => level === 2).map(({ text }) => text)

  test('has one heading for each error code, in the order of the code', () => {
    expect(headings).toEqual(errorCodes)
  })

  test.each(errorCodes)('%s: status, action and Retry-After are those of the code', (code) => {
    const text = readFileSync(join(root, path), 'utf8')
    const section = text.split(/^## /m).find((part) => part.startsWith(`${code}\n`))
    const line = section?.split('\n')[2] ?? ''
    const { status, action, retryAfter } = new WxLoginError(code)
    expect(/\d{3}/.exec(line)?.[0]).toBe(String(status))
    expect(codes(line)).toEqual([
      action,
      ...(retryAfter === undefined ? [] : [`Retry-After: ${String(retryAfter)}`]),
    ])
    // Cause, phone, operator.
    expect(section?.match(/^- \*\*/gm)).toHaveLength(3)
  })
})

describe.each(httpPages)('the table of errors in %s', (path) => {
  const rows = tableWith(read(path), 'WX_BAD_REQUEST')

  test('lists exactly the error codes, in the order of the code', () => {
    expect(rows.map(([code]) => codes(code!)[0])).toEqual(errorCodes)
  })

  test.each(rows)('%s', (name, status, action) => {
    const code = codes(name)[0] as (typeof errorCodes)[number]
    const error = new WxLoginError(code)
    expect(/^\d{3}/.exec(status)?.[0]).toBe(String(error.status))
    expect(codes(action)).toEqual([error.action])
    expect(name).toContain(`(errors.md#${anchor(code)})`)
  })
})
