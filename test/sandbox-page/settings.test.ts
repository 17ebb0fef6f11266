import { langOf } from '../../sandbox-page/i18n/lang.js'
import { readSettings } from '../../sandbox-page/settings.js'
import { readAddress } from '../../sandbox-page/shell/typed.js'
import { isUserName } from '../../src/sandbox/user-name.js'

const read = (query = '', kept: Record<string, unknown> = {}, languages = ['en-GB']) =>
  readSettings(kept, new URLSearchParams(query), languages)

describe('the settings of the page', () => {
  test('begin with alice, the system’s colours and the introduction', () => {
    expect(read()).toMatchObject({
      user: 'alice',
      users: ['alice', 'bob'],
      theme: 'system',
      lang: 'en',
      target: null,
      panel: 'state',
      guide: true,
    })
  })

  test('take what was kept, and what the address says before that', () => {
    const kept = { lang: 'zh', theme: 'dark', users: ['carol'], guide: false, store: false }
    expect(read('', kept)).toMatchObject({ lang: 'zh', theme: 'dark', guide: false, store: false })
    expect(read('lang=en&user=dave&target=http://a', kept)).toMatchObject({
      lang: 'en',
      user: 'dave',
      users: ['alice', 'bob', 'carol', 'dave'],
      target: 'http://a',
    })
  })

  test('ignore what makes no sense', () => {
    const kept = { lang: 7, theme: 'pink', users: 'bob', panel: 'moon', guide: 'yes' }
    expect(read('panel=sun', kept)).toEqual(read())
  })
})

describe('the language of the page', () => {
  test.each([
    [['zh-CN', 'en'], 'zh'],
    [['ZH-TW'], 'zh'],
    [['fr', 'zh'], 'zh'],
    [['fr', 'en', 'zh'], 'en'],
    [['fr'], 'en'],
    [[], 'en'],
  ])('%j: %s', (languages, lang) => {
    expect(langOf(languages)).toBe(lang)
  })
})

describe('an address that was typed', () => {
  test.each([
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    [' http://127.0.0.1:3000/ ', 'http://127.0.0.1:3000'],
    ['localhost:3000/api/', 'http://localhost:3000/api'],
    ['https://api.example.com', 'https://api.example.com'],
    ['', null],
    ['ftp://example.com', null],
    ['http://a:b@example.com', null],
    ['http://example.com?x=1', null],
    ['http://', null],
    ['not an address', null],
  ])('%s: %s', (typed, address) => {
    expect(readAddress(typed)).toBe(address)
  })
})

describe('a user’s name that was typed', () => {
  test.each(['alice', '小明', 'a b', '👨‍👩‍👧', '😀'.repeat(64)])('%s is one', (name) => {
    expect(isUserName(name)).toBe(true)
  })

  test.each(['', ' ', 'a\nb', 'a\u200bb', 'x'.repeat(65)])('%j is none', (name) => {
    expect(isUserName(name)).toBe(false)
  })
})
