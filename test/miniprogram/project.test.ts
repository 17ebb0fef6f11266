import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(__dirname, '../../example-app/miniprogram')
const json = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'))
const app = json('app.json')

describe('the mini program opens in WeChat DevTools as it is', () => {
  test('without an AppID, and with a server that has no https', () => {
    expect(json('project.config.json')).toMatchObject({
      appid: 'touristappid',
      miniprogramRoot: './',
      setting: { urlCheck: false, uploadWithSourceMap: false },
    })
  })

  test('and finds wx-login-client where 构建 npm would have put it: the one that was built', () => {
    const installed = join(root, 'miniprogram_npm/wx-login-client/index.js')
    const built = join(root, '../../client/miniprogram_dist/index.js')
    const text = readFileSync(installed, 'utf8')
    if (text !== readFileSync(built, 'utf8'))
      throw new Error('It is another one. Run: npm run build')
    expect(text).not.toContain('sourceMappingURL')
  })

  test.each<string>(app.pages)(
    '%s has its four files, and the components it uses are there',
    (page) => {
      for (const extension of ['js', 'json', 'wxml', 'wxss']) {
        expect(existsSync(join(root, `${page}.${extension}`))).toBe(true)
      }
      for (const component of Object.values<string>(json(`${page}.json`).usingComponents)) {
        expect(json(`${component}.json`)).toEqual({ component: true })
      }
    },
  )

  test('the icons of the tab bar are small enough for WeChat, which takes 40 kB', () => {
    for (const { pagePath, iconPath, selectedIconPath } of app.tabBar.list) {
      expect(app.pages).toContain(pagePath)
      for (const icon of [iconPath, selectedIconPath]) {
        expect(statSync(join(root, icon)).size).toBeLessThan(40 * 1024)
      }
    }
  })

  test('every colour of app.json is in the theme, for light and dark', () => {
    const names = [...JSON.stringify(app).matchAll(/"@(\w+)"/g)].map(([, name]) => name!)
    expect(names.length).toBeGreaterThan(0)
    const { light, dark } = json('theme.json')
    for (const theme of [light, dark])
      expect(Object.keys(theme)).toEqual(expect.arrayContaining(names))
  })
})
