import { element } from './elements.js'

/**
 * What is around the pages: the navigation bar, the tab bar, and the style sheets of the page that shows.
 *
 * @param {HTMLElement} screen
 * @param {object} program What compile.js put together
 * @param {object} parts
 * @param {(src: string) => string} parts.pictureUrl
 * @param {import('./phone.d.ts').Theme} parts.theme
 * @param {ReturnType<import('./words.js').wordsOf>} parts.words
 */
export function createShell(
  screen,
  { app, themes, css, parts },
  { pictureUrl, theme, words: { lang, ...words } },
) {
  const title = element('div', 'shell-title')
  const back = element('button', 'shell-back', {
    ariaLabel: words.back,
    lang,
    onTap: () => onBack?.(),
  })
  const bar = element('header', 'shell-bar', { children: [back, title] })
  const pages = element('main', 'shell-screen')
  const tabs = (app.tabBar?.list ?? []).map((tab) => createTab(tab))
  const tabBar = element('nav', 'shell-tabs', { children: tabs.map((tab) => tab.button) })
  const root = element('div', 'shell', { children: [bar, pages, ...(app.tabBar ? [tabBar] : [])] })
  screen.append(root)

  let onBack
  let onTab
  let shown
  const sheets = createSheets(css, parts, theme)

  function createTab({ pagePath, text, iconPath, selectedIconPath }) {
    const icon = element('img', 'shell-tab-icon', { alt: '' })
    const button = element('button', 'shell-tab', {
      onTap: () => onTab?.(pagePath),
      children: [...(iconPath ? [icon] : []), element('span', '', { text })],
    })
    return {
      button,
      select(selected) {
        button.ariaCurrent = selected ? 'page' : null
        if (iconPath) icon.src = pictureUrl(`/${selected ? selectedIconPath : iconPath}`)
      },
      pagePath,
    }
  }

  /** A colour of app.json or a page's JSON: itself, or the name of one in theme.json. */
  const themed = (value) =>
    value?.startsWith('@')
      ? themes[app.darkmode && theme.dark ? 'dark' : 'light']?.[value.slice(1)]
      : value

  function paint() {
    const window = { ...app.window, ...shown?.part.json }
    const set = (name, value) => root.style.setProperty(name, themed(value) ?? null)
    title.textContent = shown?.title ?? window.navigationBarTitleText ?? ''
    set('--bar', window.navigationBarBackgroundColor)
    set('--screen', window.backgroundColor)
    set('--tabs', app.tabBar?.backgroundColor)
    set('--tab', app.tabBar?.color)
    set('--tab-selected', app.tabBar?.selectedColor)
    root.dataset.barText = themed(window.navigationBarTextStyle) ?? 'white'
    root.dataset.tabBorder = themed(app.tabBar?.borderStyle) ?? 'black'
  }
  theme.onChange(paint)

  return {
    root,
    onBack: (listener) => (onBack = listener),
    onTab: (listener) => (onTab = listener),
    /** The two buttons that WeChat has on every page. */
    addCapsule({ more, close }) {
      const button = (kind, onTap) =>
        element('button', `shell-${kind}`, { ariaLabel: words[kind], onTap })
      const buttons = [button('more', more), button('close', close)]
      bar.append(element('div', 'shell-capsule', { lang, children: buttons }))
    },
    end() {
      root.remove()
      document.adoptedStyleSheets = []
    },
    addPage() {
      const host = element('section', 'shell-page', {
        children: [element('div', 'shell-dots', { ariaHidden: 'true' })],
      })
      pages.append(host)
      return host
    },
    /** Brings a page to the front. */
    show(page, canGoBack) {
      if (shown) shown.host.hidden = true
      shown = page
      page.host.hidden = false
      back.hidden = !canGoBack
      tabBar.hidden = canGoBack
      for (const tab of tabs) tab.select(tab.pagePath === page.part.path)
      sheets.use(page.part)
      paint()
    },
    setTitle(page, text) {
      page.title = text
      paint()
    },
  }
}

/** In WeChat every page is a document of its own, so only the styles of the page that shows apply. */
function createSheets(css, parts, theme) {
  const sheet = (text) => {
    const made = new CSSStyleSheet()
    made.replaceSync(text)
    theme.follow(made)
    return made
  }
  const app = sheet(css)
  const ofParts = new Map(parts.map((part) => [part.path, sheet(part.css)]))
  const components = parts.filter(({ page }) => !page).map(({ path }) => ofParts.get(path))
  return {
    use({ path }) {
      document.adoptedStyleSheets = [app, ...components, ofParts.get(path)]
    },
  }
}
